/**
 * `deno task register`: registers a moving image to a fixed one.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { REGULARISERS } from "../kernels/regulariser/regulariser.ts";
import { identifyRun } from "../registration/checkpoint.ts";
import { DEFORMABLE_DEFAULTS } from "../registration/deformable/register_deformable.ts";
import { MIND_GAUSS_NEWTON_OPTIONS } from "../registration/mind_gauss_newton/options.ts";
import {
  DEFORMABLE_METHODS,
  registerImages,
  type RegisterImagesOptions,
  type RegisterImagesResult,
  type RegisterProgress,
} from "../registration/register.ts";
import type { RegistrationQuality } from "../registration/quality.ts";
import { RIGID_PRESETS } from "../registration/rigid/schedule.ts";
import {
  SIMILARITIES,
  type SimilarityName,
  type SimilarityOptions,
} from "../registration/similarity/similarities.ts";
import {
  encodeMetrics,
  encodeRegistration,
  paddingNotices,
  readRegisterInputs,
  type RegisterInputs,
} from "../workflows/register_files.ts";
import { PointFileError } from "../points/point_file.ts";
import { readPoints } from "../points/read_points.ts";
import {
  type Landmark,
  pairLandmarks,
  pointsOutside,
  targetErrors,
} from "../workflows/landmarks.ts";
import { VERSION } from "../host/version.ts";
import { CheckpointFile } from "./_checkpoint_file.ts";
import {
  type Flag,
  type FlagsOf,
  isGiven,
  kebabCase,
  type TaskSpec,
  UsageError,
} from "./_flags.ts";
import { headerNotices, seriesFlag, TRUST } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { POINT_SPACE } from "./_point_flags.ts";
import { optionFlags, optionValues } from "./_option_flags.ts";
import { checkFolder, writeFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

/** The flags of all similarities and of mind-gauss-newton, from their declared options. */
const OPTION_FLAGS = optionFlags([
  ...Object.values(SIMILARITIES),
  { name: "mind-gauss-newton", options: MIND_GAUSS_NEWTON_OPTIONS },
]) as Record<keyof SimilarityOptions | keyof typeof MIND_GAUSS_NEWTON_OPTIONS, Flag>;

const GAUSS_NEWTON_FLAGS = Object.keys(MIND_GAUSS_NEWTON_OPTIONS)
  .map((name) => `--${kebabCase(name)}`).join(", ");

/** The declaration of `deno task register`. */
export const TASK = {
  name: "register",
  summary: "Registers a moving image to a fixed image (CT or MR): first rigidly, then deformably.",
  details: `
The task writes these files into the folder of --out. The inverse field is on the grid of the moving
image, all other images are on the grid of the fixed image:
  warped.nii.gz          the warped moving image
  warped_labels.nii.gz   the warped labels of the moving image
  field.nii.gz           the displacement field (LPS mm), for ITK, ANTs, SimpleITK and 3D Slicer
  inverse_field.nii.gz   the displacement field of the inverse map
  jacobian.nii.gz        the Jacobian determinant of the map
  transform.json         the transform, for \`apply\`
  metrics.json           measures of the result, the parameters, and the warnings about the input files
  overview.png           a picture of the result

The task judges its result without labels: as good, doubtful or failed, with the reasons, on the
console and as \`quality\` in metrics.json. It has failed if a displaced copy of the warped image fits the
fixed image as well as the result does. Good means that nothing speaks against the result, not that it
is exact.

The method control-grid (the default) optimises a similarity over the displacements of control points.
The method mind-gauss-newton is the registration framework of MIND: dense, symmetric, with Gauss-Newton
steps. Among the flags of the deformable registration it accepts only ${GAUSS_NEWTON_FLAGS} and
--resolution. It also writes the inverse-consistency error and the number of folded voxels in both
directions to metrics.json.`,
  examples: [
    "--fixed mr.nii.gz --moving ct.nii.gz --out registered",
    "--fixed mr.nii.gz --moving ct.nii.gz --moving-labels organs.nii.gz --out registered",
  ],
  flags: {
    fixed: { type: "string", required: true, valueName: "FILE", help: "The fixed image." },
    moving: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "The moving image. The task warps it onto the fixed image.",
    },
    fixedSeries: seriesFlag("--fixed"),
    movingSeries: seriesFlag("--moving"),
    out: {
      type: "string",
      required: true,
      valueName: "FOLDER",
      help: "The folder for the results.",
    },
    movingLabels: {
      type: "string",
      valueName: "FILE",
      help: "Labels of the moving image. The task warps them.",
    },
    fixedLabels: {
      type: "string",
      valueName: "FILE",
      help: "Labels of the fixed image, for the Dice coefficients.",
    },
    fixedMask: {
      type: "string",
      valueName: "FILE",
      help: "A mask of the fixed image. The registration ignores voxels where the mask is 0.",
    },
    movingMask: {
      type: "string",
      valueName: "FILE",
      help: "A mask of the moving image. The registration ignores voxels where the mask is 0.",
    },
    fixedPoints: {
      type: "string",
      valueName: "FILE",
      help:
        "Landmarks of the fixed image (.csv, .fcsv, .mrk.json), for the target registration error (TRE).",
    },
    movingPoints: {
      type: "string",
      valueName: "FILE",
      help: "The same landmarks in the moving image, with the same names or in the same order.",
    },
    pointSpace: POINT_SPACE,
    method: {
      type: "choice",
      choices: DEFORMABLE_METHODS,
      default: "control-grid",
      help: "The method of the deformable registration; see below.",
    },
    similarity: {
      type: "choice",
      choices: Object.keys(SIMILARITIES) as SimilarityName[],
      default: DEFORMABLE_DEFAULTS.similarity,
      help: `The similarity: ${
        Object.entries(SIMILARITIES).map(([name, { description }]) => `${name} (${description})`)
          .join(", ")
      }.`,
    },
    ...OPTION_FLAGS,
    regulariser: {
      type: "choice",
      choices: REGULARISERS,
      default: DEFORMABLE_DEFAULTS.regulariser,
      help: "The regulariser: total variation, squared L2 norm or bending energy.",
    },
    lambda: {
      type: "number",
      min: 0,
      help: `Weight of the regulariser. The default depends on the similarity (${
        Object.entries(SIMILARITIES).map(([name, { lambda }]) =>
          `${name} ${lambda[DEFORMABLE_DEFAULTS.regulariser]}`
        ).join(", ")
      } for ${DEFORMABLE_DEFAULTS.regulariser}).`,
    },
    spacing: {
      type: "number",
      default: DEFORMABLE_DEFAULTS.spacing,
      min: 0.1,
      unit: "mm",
      help: "Control-point spacing at the finest level.",
    },
    levels: {
      type: "integer",
      min: 1,
      max: 8,
      help:
        "Number of resolution levels. By default the voxels of the coarsest level measure about 10 mm, " +
        "with a maximum of 4 levels.",
    },
    iterations: {
      type: "integer",
      default: DEFORMABLE_DEFAULTS.iterations,
      min: 1,
      help: "Maximum number of steps per level.",
    },
    resolution: {
      type: "number",
      min: 0.1,
      unit: "mm",
      help: "Minimum voxel size of the working images. By default it is that of the fixed image.",
    },
    noFolding: {
      type: "boolean",
      help:
        "Prevent folding: the Jacobian determinant of the map is greater than 0 in every voxel.",
    },
    resume: {
      type: "boolean",
      help: "Continue an interrupted run after its last finished level (with mind-gauss-newton, " +
        "after its rigid registration).",
    },
    strict: {
      type: "boolean",
      help: "End with exit code 3 if the registration has failed by its own verdict.",
    },
    rigidOnly: { type: "boolean", help: "Do only the rigid registration." },
    noRigid: {
      type: "boolean",
      help: "Leave out the rigid registration and start from the positions in the files.",
    },
    keepPadding: {
      type: "boolean",
      help:
        "Treat padding as tissue. By default the task leaves out voxels of a value far below the tissue's, such " +
        "as -8192, and says so.",
    },
    trust: TRUST,
    rigidPreset: {
      type: "choice",
      choices: RIGID_PRESETS,
      default: "robust",
      help:
        "The schedule of the rigid registration. imregister has the numbers of MATLAB's imregister in " +
        "its multimodal configuration, as in the paper.",
    },
    seed: { type: "integer", default: 12345, help: "Seed of the rigid registration." },
  },
} as const satisfies TaskSpec;

type Flags = FlagsOf<typeof TASK>;

/** Flags, other than the options of the similarities, that only the method "control-grid" has. */
const CONTROL_GRID_FLAGS: readonly string[] = [
  "similarity",
  "regulariser",
  "lambda",
  "spacing",
  "levels",
  "iterations",
  "noFolding",
] satisfies (keyof Flags)[];

/** The exit code of a registration that has failed by its own verdict, with --strict. */
const FAILED = 3;

/** The work of `deno task register`. */
export async function main(flags: Flags, signal: AbortSignal): Promise<number> {
  const began = performance.now();
  refuseUseless(flags);
  const settings = settingsOf(flags);
  await checkFolder(flags.out);
  using progress = new Progress();
  progress.stage("reading");
  const headers = headerNotices(flags.trust, (line) => progress.log(line));
  const inputs = await readRegisterInputs(flags, headers);
  const landmarks = await readLandmarks(flags, inputs, headers.onNotice);
  if (!flags.keepPadding) paddingNotices(inputs, flags).forEach(headers.onNotice);
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  using checkpoint = await openCheckpoint(flags, inputs, gpu, (line) => progress.log(line));
  const result = await registerImages(gpu, {
    ...inputs,
    ...settings,
    signal,
    resume: checkpoint.found,
    onCheckpoint: (found) => checkpoint.keep(found),
    onProgress: progressShower(progress),
  });
  progress.stage("writing");
  const files = await encodeRegistration(inputs, result);
  const seconds = (performance.now() - began) / 1000;
  const errors = landmarks && targetErrors(result.transform, landmarks);
  files["metrics.json"] = encodeMetrics({
    result,
    gpu,
    version: VERSION,
    parameters: usedFlags(flags),
    notices: headers.notices,
    seconds,
    targetErrors: errors,
  });
  signal.throwIfAborted();
  await writeFolder(flags.out, files);
  await checkpoint.remove();
  progress.end();
  await printSummary(flags, result, seconds);
  if (errors !== undefined) {
    const { mean, max, points } = errors;
    console.log(
      `Target registration error of ${points.length} landmarks: mean ${mean.after.toFixed(2)} mm ` +
        `(${mean.before.toFixed(2)} before), maximum ${max.after.toFixed(2)} mm (${
          max.before.toFixed(2)
        } before)`,
    );
  }
  return flags.strict && result.quality.verdict === "failed" ? FAILED : 0;
}

/**
 * The landmarks of both images, which change nothing but metrics.json; undefined if there are none.
 *
 * @throws {UsageError} when only one of the files is given, or --point-space without them.
 * @throws {PointFileError} when a file cannot be used, the two do not agree, or all points are outside their image.
 */
async function readLandmarks(
  { fixedPoints, movingPoints, pointSpace: space }: Flags,
  { fixed, moving }: RegisterInputs,
  onNotice: (notice: string) => void,
): Promise<readonly Landmark[] | undefined> {
  if (fixedPoints === undefined || movingPoints === undefined) return undefined;
  const sides = [
    { path: fixedPoints, side: "fixed", grid: fixed.grid },
    { path: movingPoints, side: "moving", grid: moving.grid },
  ];
  const [first, second] = await Promise.all(
    sides.map(({ path }) => readPoints(path, { space, onNotice })),
  );
  sides.forEach(({ path, side, grid }, i) => {
    const { points } = i === 0 ? first : second;
    const outside = pointsOutside(points, grid);
    const message =
      `${path} (--${side}-points): ${outside} of ${points.length} points are outside the ${side} image. ` +
      "Check their axes (--point-space) and the file.";
    if (outside === points.length) throw new PointFileError(message);
    if (outside > 0) onNotice(message);
  });
  return pairLandmarks(first, second, { fixed: fixedPoints, moving: movingPoints });
}

/**
 * Refuses flags that have no effect.
 *
 * @throws {UsageError} when a flag belongs to another method or to another similarity.
 */
function refuseUseless(flags: Flags): void {
  const { fixedPoints, movingPoints, pointSpace } = flags;
  if ((fixedPoints === undefined) !== (movingPoints === undefined)) {
    throw new UsageError("--fixed-points and --moving-points need each other");
  }
  if (pointSpace !== undefined && fixedPoints === undefined) {
    throw new UsageError("--point-space does nothing without --fixed-points and --moving-points");
  }
  if (flags.noRigid && isGiven(flags, "rigidPreset")) {
    throw new UsageError("--rigid-preset does nothing with --no-rigid");
  }
  if (flags.rigidOnly && flags.noRigid) {
    throw new UsageError("--rigid-only and --no-rigid together leave nothing to do");
  }
  const given = [...Object.keys(OPTION_FLAGS), ...CONTROL_GRID_FLAGS]
    .filter((name) => isGiven(flags, name));
  const { method, similarity } = flags;
  const withoutMethod = given.find((name) =>
    method === "control-grid" ? isGaussNewtonOnly(name) : isControlGridOnly(name)
  );
  if (withoutMethod !== undefined) {
    throw new UsageError(`--${kebabCase(withoutMethod)} does nothing with --method ${method}`);
  }
  if (method !== "control-grid") return;
  const withoutSimilarity = given.find((name) =>
    name in OPTION_FLAGS && !(name in SIMILARITIES[similarity].options)
  );
  if (withoutSimilarity !== undefined) {
    throw new UsageError(
      `--${kebabCase(withoutSimilarity)} does nothing with --similarity ${similarity}`,
    );
  }
}

function isGaussNewtonOnly(name: string): boolean {
  return name in MIND_GAUSS_NEWTON_OPTIONS &&
    !Object.values(SIMILARITIES).some(({ options }) => name in options);
}

function isControlGridOnly(name: string): boolean {
  return CONTROL_GRID_FLAGS.includes(name) ||
    name in OPTION_FLAGS && !(name in MIND_GAUSS_NEWTON_OPTIONS);
}

/** The options of the registrations. */
function settingsOf(
  flags: Flags,
): Pick<
  RegisterImagesOptions,
  "rigid" | "rigidOnly" | "keepPadding" | "method" | "deformable" | "mindGaussNewton"
> {
  const { seed, method, rigidOnly, similarity, regulariser, lambda, spacing, levels } = flags;
  const { iterations, resolution, noFolding, keepPadding } = flags;
  return {
    rigid: flags.noRigid ? false : { seed, preset: flags.rigidPreset },
    rigidOnly,
    keepPadding,
    method,
    deformable: {
      ...optionValues(SIMILARITIES[similarity].options, flags),
      similarity,
      regulariser,
      lambda,
      spacing,
      levels,
      iterations,
      resolution,
      noFolding,
    },
    mindGaussNewton: { ...optionValues(MIND_GAUSS_NEWTON_OPTIONS, flags), resolution },
  };
}

/** The flags for metrics.json, without those of other methods and those that do not change the result. */
function usedFlags(flags: Flags): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(flags).filter(([name]) =>
      name !== "resume" && name !== "strict" &&
      (flags.method === "control-grid" || !isControlGridOnly(name))
    ),
  );
}

/** Opens the checkpoint file: the intermediate results and the identity of the run. */
async function openCheckpoint(
  { out, resume, strict: _, ...flags }: Flags,
  { fixed, moving, fixedMask, movingMask }: RegisterInputs,
  gpu: Gpu,
  log: (line: string) => void,
): Promise<CheckpointFile> {
  const paths = ["fixed", "moving", "fixedLabels", "movingLabels", "fixedMask", "movingMask"];
  const measures = ["fixedPoints", "movingPoints", "pointSpace"];
  const parameters = Object.entries(flags)
    .filter(([name]) => ![...paths, ...measures].includes(name))
    .map(([name, value]) => [`--${kebabCase(name)}`, value]);
  const images = {
    "fixed image": fixed,
    "moving image": moving,
    "fixed mask": fixedMask,
    "moving mask": movingMask,
  };
  const identity = await identifyRun(images, {
    ...Object.fromEntries(parameters),
    "the version": VERSION,
    "the adapter": gpu.description,
  });
  return await CheckpointFile.open(out, identity, resume, log);
}

/** Shows the stages, and the levels of the deformable registration. */
function progressShower(progress: Progress): (state: RegisterProgress) => void {
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

/** Prints the verdict, and what to do unless it is good. */
function printQuality({ verdict, reasons }: RegistrationQuality): void {
  if (verdict === "good") {
    console.log("Quality: good, nothing speaks against the result");
    return;
  }
  const advice = verdict === "failed"
    ? "Do not use the result. Check that both images show the same body, in the same orientation."
    : "Look at overview.png before you use the result.";
  console.error(`Quality: ${verdict}. ${reasons.join(" ")} ${advice}`);
}

/** Prints the summary of a finished registration. */
async function printSummary(
  { out, movingLabels }: Flags,
  { overlap, jacobianStatistics, mindGaussNewton, quality }: RegisterImagesResult,
  seconds: number,
): Promise<void> {
  console.log(`Registered in ${seconds.toFixed(1)} s; results in ${out}`);
  printQuality(quality);
  const labels = `${out}/warped_labels.nii.gz`;
  if (movingLabels === undefined && await Deno.stat(labels).then(() => true, () => false)) {
    console.log(`${labels} is of an earlier run: this one had no --moving-labels`);
  }
  const both = overlap.filter(({ before, after }) => !Number.isNaN(before + after));
  if (both.length > 0) {
    const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
    const after = mean(both.map((label) => label.after)).toFixed(3);
    const before = mean(both.map((label) => label.before)).toFixed(3);
    console.log(`Mean Dice of ${both.length} labels: ${after} (${before} before)`);
  }
  const { foldedPercent, sdLog } = jacobianStatistics;
  console.log(`Folded voxels: ${foldedPercent.toFixed(3)} %, SD log J ${sdLog.toFixed(3)}`);
  if (mindGaussNewton !== undefined) {
    const { inverseConsistency: { mean, percentile95 }, foldedVoxels } = mindGaussNewton;
    console.log(
      `Inverse consistency: ${mean.toFixed(3)} mm in the mean, 95 % below ` +
        `${percentile95.toFixed(3)} mm; ${foldedVoxels.forward} working voxels folded forwards, ` +
        `${foldedVoxels.backward} backwards`,
    );
  }
}

if (import.meta.main) await runTask(TASK, main);
