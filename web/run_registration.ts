/**
 * A registration as the page's worker runs it: the same steps, files and words as the command `register`.
 *
 * @module
 */

import { shellWord } from "../host/shell_word.ts";
import { VERSION } from "../host/version.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { registerImages, type RegisterProgress } from "../registration/register.ts";
import { parseFlags } from "../tasks/_flags.ts";
import { refuseUseless, REGISTER_FLAGS, settingsOf, usedFlags } from "../tasks/_register_flags.ts";
import { REGISTER_EXTRAS } from "../tasks/_register_task_flags.ts";
import {
  checkRegisterInputs,
  encodeMetrics,
  hausdorffDistances,
  objectsNotices,
  paddingNotices,
  type RegisterInputs,
  registrationFiles,
  registrationParameters,
  scaleNotices,
} from "../workflows/register_files.ts";
import { caseReport } from "../reports/case_report.ts";
import type { Outcome, WorkProgress } from "./protocol.ts";

const { fixedSeries, movingSeries } = REGISTER_EXTRAS;

/** The part of the task `register` that the page has. */
const PAGE_TASK = {
  name: "register",
  summary: "",
  flags: { ...REGISTER_FLAGS, fixedSeries, movingSeries },
} as const;

/** Options of {@link runRegistration}. */
export interface RunOptions {
  /** The images. */
  readonly inputs: RegisterInputs;
  /** The command line of `register`; its file names are only words. */
  readonly args: readonly string[];
  /** Bytes that the GPU may hold. Default: no limit except that of the driver. */
  readonly memoryBytes?: number | undefined;
  /** The warnings about the files that were read, one line each. */
  readonly notices: readonly string[];
  /** Stops the registration. */
  readonly signal: AbortSignal;
  /** Is called with the progress. */
  readonly onProgress: (progress: WorkProgress) => void;
}

/** A finished registration. */
export interface FinishedRun {
  /** What the page shows. */
  readonly outcome: Outcome;
  /** The files by their names: each function makes the bytes of its file. */
  readonly files: Readonly<Record<string, () => Promise<Uint8Array>>>;
}

/**
 * Registers the images.
 *
 * @throws {UsageError} when a parameter is out of range or has no effect.
 * @throws {ImageFileError} when an image cannot be used.
 * @throws {CrosswarpError} when the registration cannot be done; see `registerImages`.
 */
export async function runRegistration(options: RunOptions): Promise<FinishedRun> {
  const { inputs, args, memoryBytes, signal, onProgress } = options;
  const began = performance.now();
  const flags = parseFlags(PAGE_TASK, args, "crosswarp");
  refuseUseless(flags);
  const settings = settingsOf(flags);
  const notices = [...options.notices];
  checkRegisterInputs(inputs, flags, (notice) => notices.push(notice));
  if (!flags.keepPadding) notices.push(...paddingNotices(inputs, flags));
  notices.push(...scaleNotices(inputs, flags));
  const gpu = await Gpu.open({ memoryBytes });
  try {
    const result = await registerImages(gpu, {
      ...inputs,
      ...settings,
      signal,
      onProgress: (state) => onProgress(progressOf(state)),
    });
    notices.push(...objectsNotices(result, flags), ...result.deformable?.notices ?? []);
    const hausdorff95 = hausdorffDistances(inputs, result);
    const seconds = (performance.now() - began) / 1000;
    const metrics = encodeMetrics({
      result,
      gpu,
      version: VERSION,
      parameters: usedFlags(flags),
      notices,
      seconds,
      hausdorff95,
    });
    const adapter = gpu.description;
    const registered = registrationFiles(inputs, result);
    const files = {
      ...registered,
      "metrics.json": () => Promise.resolve(metrics),
      "report.html": async () =>
        new TextEncoder().encode(
          await caseReport({
            inputs,
            result,
            command: `crosswarp register ${args.map(shellWord).join(" ")}`,
            parameters: registrationParameters(result, usedFlags(flags)),
            adapter,
            version: VERSION,
            notices,
            seconds,
            hausdorff95,
          }),
        ),
    };
    const { jacobianStatistics: { foldedPercent, sdLog }, mindGaussNewton } = result;
    const [ux, uy, uz] = result.field.components;
    return {
      files,
      outcome: {
        warped: result.warped.data.slice(),
        warpedLabels: result.warpedLabels?.data.slice(),
        field: [ux.slice(), uy.slice(), uz.slice()],
        jacobian: result.jacobian.data.slice(),
        rigid: result.transform.rigid,
        quality: result.quality,
        overlap: result.overlap,
        foldedPercent,
        sdLog,
        inverseConsistency: mindGaussNewton?.inverseConsistency.mean,
        files: Object.keys(files),
        seconds,
        notices,
      },
    };
  } finally {
    gpu[Symbol.dispose]();
  }
}

/** The progress in the words of the page. */
function progressOf(state: RegisterProgress): WorkProgress {
  const { rigid, deformable, mindGaussNewton } = state;
  if (rigid !== undefined) {
    const { level, levels, startName, step, iteration, iterations } = rigid;
    return {
      part: "rigid",
      stage: `Rigid registration: start ${startName}, ${step} ${iteration} of ${iterations}`,
      level,
      levels,
      share: iteration / Math.max(1, iterations),
    };
  }
  if (deformable !== undefined) {
    const { level, levels, iterations, maxIterations, cost } = deformable;
    return {
      part: "level",
      stage: `Level ${level + 1} of ${levels}, step ${iterations} of at most ${maxIterations}`,
      level,
      levels,
      share: iterations / Math.max(1, maxIterations),
      cost,
    };
  }
  if (mindGaussNewton !== undefined) {
    const { level, levels, warp, warps, difference } = mindGaussNewton;
    return {
      part: "level",
      stage: `Level ${level + 1} of ${levels}, step ${warp} of ${warps}`,
      level,
      levels,
      share: warp / Math.max(1, warps),
      cost: difference,
    };
  }
  const stages = {
    rigid: "Rigid registration",
    deformable: "Deformable registration",
    results: "Results: warped images, fields, verdict",
  };
  return {
    part: state.stage === "deformable" ? "level" : state.stage,
    stage: stages[state.stage],
  };
}
