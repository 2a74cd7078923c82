/**
 * One registration of the task `register`: it reads the files, registers the images and writes the results.
 *
 * @module
 */

import { timed } from "../host/timeline.ts";
import { VERSION } from "../host/version.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { identifyRun, type RunIdentity } from "../registration/checkpoint.ts";
import {
  registerImages,
  type RegisterImagesResult,
  type RegisterProgress,
} from "../registration/register.ts";
import { caseReport } from "../reports/case_report.ts";
import type { RegistrationCase } from "../workflows/case_list.ts";
import { type TargetErrors, targetErrors } from "../workflows/landmarks.ts";
import {
  beginImages,
  type BegunFiles,
  encodeMetrics,
  encodeRegistration,
  hausdorffDistances,
  objectsNotices,
  paddingNotices,
  pngEncoderOf,
  readRegisterInputs,
  type RegisterInputs,
  registrationParameters,
  scaleNotices,
} from "../workflows/register_files.ts";
import { CompressionThread } from "../volume/compression_thread.ts";
import { CheckpointFile } from "./_checkpoint_file.ts";
import { kebabCase } from "./_flags.ts";
import { headerNotices } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { writeFolder } from "./_output.ts";
import { openDicomOut, readLandmarks } from "./_register_extras.ts";
import { settingsOf, usedFlags } from "./_register_flags.ts";
import type { RegisterTaskFlags } from "./_register_task_flags.ts";

/** The values of the flags of one registration; labels may be a mask for each structure. */
export type CaseFlags =
  & Omit<RegisterTaskFlags, Exclude<keyof RegistrationCase, "trust">>
  & Omit<RegistrationCase, "id" | "trust">;

/** Shows the progress of a registration. */
export interface CaseProgress {
  /** Begins a stage with a number of steps. */
  readonly stage: (name: string, total?: number) => void;
  /** Sets the number of finished steps of the stage. */
  readonly update: (done: number, note?: string) => void;
  /** Writes a line that stays. */
  readonly log: (line: string) => void;
}

/**
 * Images up to this number of voxels are compressed on a thread. Larger ones would need too much memory: all
 * files without compression, 32 bytes per voxel, while the result is judged.
 */
const MAX_THREAD_VOXELS = 2 ** 24;

/** Options of {@link registerCase}. */
export interface RegisterCaseOptions {
  /** The name of the case in its report. Default: none. */
  readonly name?: string | undefined;
  /** The files, the settings, and the folder of the results. */
  readonly flags: CaseFlags;
  /** The command line that repeats the registration. */
  readonly command: string;
  /** Shows the progress. */
  readonly progress: CaseProgress;
  /** Stops the registration. */
  readonly signal: AbortSignal;
  /**
   * With --resume: begin anew if the checkpoint is of another run, such as one with other settings. By default it is
   * refused.
   */
  readonly skipsOtherRuns?: boolean | undefined;
  /** Makes additional files of the result folder. Default: none. */
  readonly extraFiles?:
    | ((finished: RegisteredCase) => Readonly<Record<string, Uint8Array>>)
    | undefined;
}

/** A finished registration. */
export interface RegisteredCase {
  /** The images that were registered. */
  readonly inputs: RegisterInputs;
  /** The result. */
  readonly result: RegisterImagesResult;
  /** The errors of the landmarks, if there are any. */
  readonly targetErrors: TargetErrors | undefined;
  /** The 95th percentile of the surface distances of each label, mm; empty without labels of both images. */
  readonly hausdorff95: ReadonlyMap<number, number>;
  /** Time until the results are known, without the end of the compression and the writing of the files, seconds. */
  readonly seconds: number;
}

/**
 * Registers the images of a case, and writes all files of the result.
 *
 * @throws {CrosswarpError} when a file cannot be used, or the registration cannot be done.
 */
export async function registerCase(options: RegisterCaseOptions): Promise<RegisteredCase> {
  const { name, flags, command, progress, signal, extraFiles, skipsOtherRuns } = options;
  const began = performance.now();
  progress.stage("reading");
  const log = (line: string) => progress.log(line);
  const headers = headerNotices(flags.trust, log);
  const inputs = await timed("reading", () => readRegisterInputs(flags, headers));
  const dicomOut = await openDicomOut(flags);
  const landmarks = await readLandmarks(flags, inputs, headers.onNotice);
  if (!flags.keepPadding) paddingNotices(inputs, flags).forEach(headers.onNotice);
  scaleNotices(inputs, flags).forEach(headers.onNotice);
  signal.throwIfAborted();
  using gpu = await timed("opening the GPU", () => Gpu.open(memoryBudget()));
  const identity = await timed("identity of the run", () => identityOf(flags, inputs, gpu));
  const resume = flags.resume && skipsOtherRuns ? "own" : flags.resume;
  using checkpoint = await CheckpointFile.open(flags.out, identity, resume, log);
  using thread = inputs.fixed.data.length > MAX_THREAD_VOXELS
    ? undefined
    : await CompressionThread.open();
  let begun: BegunFiles | undefined;
  const result = await registerImages(gpu, {
    ...inputs,
    ...settingsOf(flags),
    onImages: async (images) => {
      if (thread !== undefined) begun = await beginImages(images, thread);
    },
    signal,
    resume: checkpoint.found,
    onCheckpoint: (found) => checkpoint.keep(found),
    onProgress: progressShower(progress),
  });
  objectsNotices(result, flags).forEach(headers.onNotice);
  result.deformable?.notices.forEach(headers.onNotice);
  progress.stage("writing");
  const encoding = await timed(
    "encoding",
    () => encodeRegistration(inputs, result, { thread, begun }),
  );
  const errors = landmarks && targetErrors(result.transform, landmarks);
  const hausdorff95 = timed("surface distances", () => hausdorffDistances(inputs, result));
  const { notices } = headers;
  const parameters = usedFlags(flags);
  const seconds = (performance.now() - began) / 1000;
  const report = await timed("report", () =>
    caseReport({
      name,
      inputs,
      result,
      command,
      parameters: registrationParameters(result, parameters),
      adapter: gpu.description,
      version: VERSION,
      notices,
      seconds,
      targetErrors: errors,
      hausdorff95,
      encode: thread && pngEncoderOf(thread),
    }));
  const written = await timed("end of the encoding", () => encoding.files);
  written["report.html"] = new TextEncoder().encode(report);
  written["metrics.json"] = encodeMetrics({
    result,
    gpu,
    version: VERSION,
    parameters,
    notices,
    seconds,
    targetErrors: errors,
    hausdorff95,
  });
  const finished = { inputs, result, targetErrors: errors, hausdorff95, seconds };
  Object.assign(written, extraFiles?.(finished));
  signal.throwIfAborted();
  await timed("writing", () => writeFolder(flags.out, written));
  await dicomOut?.write(result.warped);
  await checkpoint.remove();
  return finished;
}

/** Flags that have no effect on the registration itself. */
const WITHOUT_EFFECT: readonly string[] = [
  "out",
  "resume",
  "strict",
  "cohort",
  "shard",
  "fixedPoints",
  "movingPoints",
  "pointSpace",
  "dicomOut",
];
/** Flags of files whose voxels are a part of the identity, and of labels, which change no transform. */
const FILES: readonly string[] = [
  "fixed",
  "moving",
  "fixedLabels",
  "movingLabels",
  "fixedMask",
  "movingMask",
];

/** The values on which the intermediate results depend. */
async function identityOf(
  flags: CaseFlags,
  { fixed, moving, fixedMask, movingMask }: RegisterInputs,
  gpu: Gpu,
): Promise<RunIdentity> {
  const images = {
    "fixed image": fixed,
    "moving image": moving,
    "fixed mask": fixedMask,
    "moving mask": movingMask,
  };
  return await identifyRun(images, {
    ...Object.fromEntries(
      Object.entries(flags)
        .filter(([name]) => !WITHOUT_EFFECT.includes(name) && !FILES.includes(name))
        .map(([name, value]) => [`--${kebabCase(name)}`, value]),
    ),
    "the version": VERSION,
    "the adapter": gpu.description,
  });
}

/** Shows the stages, and the levels of the deformable registration. */
function progressShower(progress: CaseProgress): (state: RegisterProgress) => void {
  let shown = -1;
  const showLevel = (level: number, levels: number, steps: number) => {
    if (level === shown) return;
    shown = level;
    progress.stage(`level ${level + 1} of ${levels}`, steps);
  };
  return ({ stage, rigid, deformable, mindGaussNewton }) => {
    if (rigid !== undefined) {
      const { startName, step, iteration, iterations } = rigid;
      progress.update(0, `start ${startName}, ${step} ${iteration}/${iterations}`);
    } else if (deformable !== undefined) {
      showLevel(deformable.level, deformable.levels, deformable.maxIterations);
      progress.update(deformable.iterations, `cost ${deformable.cost.toFixed(5)}`);
    } else if (mindGaussNewton !== undefined) {
      showLevel(mindGaussNewton.level, mindGaussNewton.levels, mindGaussNewton.warps);
      const { warp, difference } = mindGaussNewton;
      progress.update(warp, `difference ${difference.toFixed(4)}`);
    } else {
      progress.stage(stage);
    }
  };
}
