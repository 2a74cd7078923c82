/**
 * `deno task register`: registers a moving image to a fixed one.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { REGULARISERS } from "../kernels/regulariser/regulariser.ts";
import { identifyRun } from "../registration/checkpoint.ts";
import { DEFORMABLE_DEFAULTS } from "../registration/deformable/register_deformable.ts";
import { MIND_GAUSS_NEWTON_DEFAULTS } from "../registration/mind_gauss_newton/mind_gauss_newton.ts";
import {
  DEFORMABLE_METHODS,
  registerImages,
  type RegisterImagesResult,
} from "../registration/register.ts";
import { SIMILARITIES, type SimilarityName } from "../registration/similarity/similarities.ts";
import { encodeTransform } from "../registration/transform_file.ts";
import { overviewPicture } from "../pictures/overview.ts";
import { ImageFileError } from "../volume/nifti_errors.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { encodeDisplacementField, encodeNifti, encodeNiftiLabels } from "../volume/write_nifti.ts";
import { CheckpointFile } from "./_checkpoint_file.ts";
import { type FlagsOf, kebabCase, type TaskSpec, UsageError } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { checkFolder, writeFolder } from "./_output.ts";
import { Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";
import config from "../deno.json" with { type: "json" };

/** Flags that mean something to the method "control-grid" alone, with what they are when not given. */
const CONTROL_GRID_FLAGS: Readonly<Record<string, unknown>> = {
  similarity: DEFORMABLE_DEFAULTS.similarity,
  beta: undefined,
  scaling: "gradient",
  window: undefined,
  absolute: false,
  neighbourhood: "six",
  regulariser: DEFORMABLE_DEFAULTS.regulariser,
  lambda: undefined,
  spacing: DEFORMABLE_DEFAULTS.spacing,
  levels: undefined,
  iterations: DEFORMABLE_DEFAULTS.iterations,
  noFolding: false,
};

/** The declaration of `deno task register`. */
export const TASK = {
  name: "register",
  summary: "Registers a moving image (CT or MR) to a fixed one: rigidly, then by a deformation.",
  details: `
Writes into the folder of --out, on the fixed image's grid (the inverse on the moving image's):
  warped.nii.gz          the moving image        warped_labels.nii.gz   its labels
  field.nii.gz           the map, and            inverse_field.nii.gz   its inverse, as displacement
                         fields that ITK, ANTs, SimpleITK and 3D Slicer apply (LPS mm)
  jacobian.nii.gz        determinant of the map  transform.json         for \`deno task apply\`
  metrics.json           figures and parameters  overview.png           look at it

The method control-grid (the default) optimises a similarity over displacements of control points.
mind-gauss-newton is the MIND registration framework: dense, symmetric, by Gauss-Newton steps; of the
flags above it takes --alpha, --sigma and --resolution, and adds to metrics.json how far there and
back again leads (inverse consistency) and the folds of both directions.`,
  examples: [
    "--fixed mr.nii.gz --moving ct.nii.gz --out registered",
    "--fixed mr.nii.gz --moving ct.nii.gz --moving-labels organs.nii.gz --out registered",
  ],
  flags: {
    fixed: { type: "string", required: true, valueName: "FILE", help: "The image that stays." },
    moving: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "The image that is pulled.",
    },
    out: { type: "string", required: true, valueName: "FOLDER", help: "Where results go." },
    movingLabels: {
      type: "string",
      valueName: "FILE",
      help: "Labels of the moving image, to be warped.",
    },
    fixedLabels: {
      type: "string",
      valueName: "FILE",
      help: "Labels of the fixed image, for Dice.",
    },
    fixedMask: {
      type: "string",
      valueName: "FILE",
      help: "Only fixed voxels that are not 0 here count.",
    },
    movingMask: {
      type: "string",
      valueName: "FILE",
      help: "Only moving voxels that are not 0 here count.",
    },
    method: {
      type: "choice",
      choices: DEFORMABLE_METHODS,
      default: "control-grid",
      help: "How the deformation is found; see below.",
    },
    alpha: {
      type: "number",
      min: 1e-6,
      help:
        `mind-gauss-newton: the weight of smoothness; by default ${MIND_GAUSS_NEWTON_DEFAULTS.alpha}.`,
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
    beta: {
      type: "number",
      min: 0,
      max: 1,
      help: "nmi+mind: the weight of NMI; by default 0.8.",
    },
    scaling: {
      type: "string",
      default: "gradient",
      valueName: "gradient|change|S",
      help:
        "nmi+mind: how MIND is brought into NMI's range: by the gradients where a level starts " +
        "(eq. 8), by the changes so far (eq. 9), or by a number.",
    },
    sigma: {
      type: "number",
      min: 0.1,
      max: 2,
      unit: "voxels",
      help:
        "mind, mind-ssc, nmi+mind, mind-gauss-newton: width of the patch weights; by default 0.5.",
    },
    window: {
      type: "number",
      min: 0.1,
      unit: "mm",
      help: "lncc: standard deviation of the Gaussian window; by default 10.",
    },
    absolute: {
      type: "boolean",
      help: "lncc: an inverted contrast is as good as the same.",
    },
    neighbourhood: {
      type: "choice",
      choices: ["six", "dense"],
      default: "six",
      help: "mind, nmi+mind: six neighbours or all 26.",
    },
    regulariser: {
      type: "choice",
      choices: REGULARISERS,
      default: DEFORMABLE_DEFAULTS.regulariser,
      help: "Total variation, squared L2 norm or bending energy.",
    },
    lambda: {
      type: "number",
      min: 0,
      help: `The regulariser's weight; by default the similarity's own (${
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
      help: "Resolution levels; by default until voxels measure about 10 mm, at most 4.",
    },
    iterations: {
      type: "integer",
      default: DEFORMABLE_DEFAULTS.iterations,
      min: 1,
      help: "Steps at each level at most.",
    },
    resolution: {
      type: "number",
      min: 0.1,
      unit: "mm",
      help: "Smallest working voxel; by default the fixed image's.",
    },
    noFolding: {
      type: "boolean",
      help: "Keep the map from folding: no voxel has a Jacobian determinant of 0 or less.",
    },
    resume: {
      type: "boolean",
      help:
        "Go on after the last finished level of a run that was interrupted (mind-gauss-newton: " +
        "after its rigid registration).",
    },
    rigidOnly: { type: "boolean", help: "Stop after the rigid registration." },
    noRigid: { type: "boolean", help: "Start from the positions in the files." },
    seed: { type: "integer", default: 12345, help: "Seed of the rigid search." },
  },
} as const satisfies TaskSpec;

/** The work of `deno task register`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();

  if (flags.rigidOnly && flags.noRigid) {
    throw new UsageError("--rigid-only and --no-rigid together leave nothing to do");
  }
  const scaling = scalingOf(flags.scaling);
  refuseOtherMethods(flags);
  await checkFolder(flags.out);
  using progress = new Progress();
  progress.stage("reading");
  const optional = async <T>(path: string | undefined, read: (path: string) => Promise<T>) =>
    path === undefined ? undefined : await read(path);
  const [fixed, moving, movingLabels, fixedLabels, fixedMask, movingMask] = await Promise.all([
    readVolume(flags.fixed),
    readVolume(flags.moving),
    optional(flags.movingLabels, readLabelVolume),
    optional(flags.fixedLabels, readLabelVolume),
    optional(flags.fixedMask, readLabelVolume),
    optional(flags.movingMask, readLabelVolume),
  ]);
  refuseLabels(fixed, flags.fixed);
  refuseLabels(moving, flags.moving);
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  using checkpoint = await openCheckpoint(
    flags,
    {
      "fixed image": fixed,
      "moving image": moving,
      "fixed mask": fixedMask,
      "moving mask": movingMask,
    },
    gpu,
    (line) => progress.log(line),
  );
  let level = -1;
  const result = await registerImages(gpu, {
    fixed,
    moving,
    signal,
    resume: checkpoint.found,
    onCheckpoint: (found) => checkpoint.keep(found),
    movingLabels,
    fixedLabels,
    fixedMask,
    movingMask,
    rigid: flags.noRigid ? false : { seed: flags.seed },
    method: flags.method,
    mindGaussNewton: {
      alpha: flags.alpha,
      sigma: flags.sigma,
      resolution: flags.resolution,
    },
    deformable: flags.rigidOnly ? false : {
      similarity: flags.similarity,
      regulariser: flags.regulariser,
      neighbourhood: flags.neighbourhood,
      scaling,
      absolute: flags.absolute,
      beta: flags.beta,
      sigma: flags.sigma,
      window: flags.window,
      lambda: flags.lambda,
      spacing: flags.spacing,
      iterations: flags.iterations,
      levels: flags.levels,
      resolution: flags.resolution,
      noFolding: flags.noFolding,
    },
    onProgress: ({ stage, deformable, mindGaussNewton }) => {
      if (mindGaussNewton !== undefined) {
        if (mindGaussNewton.level !== level) {
          level = mindGaussNewton.level;
          progress.stage(`level ${level + 1} of ${mindGaussNewton.levels}`, mindGaussNewton.warps);
        }
        const { warp, difference } = mindGaussNewton;
        return progress.update(warp, `difference ${difference.toFixed(4)}`);
      }
      if (deformable === undefined) return progress.stage(stage);
      if (deformable.level !== level) {
        level = deformable.level;
        progress.stage(`level ${level + 1} of ${deformable.levels}`, deformable.maxIterations);
      }
      progress.update(deformable.iterations, `cost ${deformable.cost.toFixed(5)}`);
    },
  });
  progress.stage("writing");
  const { jacobianStatistics: jacobian, overlap } = result;
  const figure = overviewPicture({
    fixed,
    before: result.before,
    after: result.warped,
    jacobian: result.jacobian,
    fixedLabels,
    warpedLabels: result.warpedLabels,
    caption: `FOLDED ${jacobian.foldedPercent.toFixed(3)} %  SD LOG J ${jacobian.sdLog.toFixed(3)}`,
  });
  const text = (value: string) => new TextEncoder().encode(value);
  const files: Record<string, Promise<Uint8Array> | Uint8Array> = {
    "warped.nii.gz": encodeNifti(result.warped),
    ...(result.warpedLabels && { "warped_labels.nii.gz": encodeNiftiLabels(result.warpedLabels) }),
    "field.nii.gz": encodeDisplacementField(result.field),
    "inverse_field.nii.gz": encodeDisplacementField(result.inverseField),
    "jacobian.nii.gz": encodeNifti(result.jacobian),
    "transform.json": text(encodeTransform(result.transform)),
    "overview.png": figure.toPng(),
  };
  const encoded: Record<string, Uint8Array> = {};
  for (const [name, bytes] of Object.entries(files)) encoded[name] = await bytes;
  const seconds = (performance.now() - began) / 1000;
  encoded["metrics.json"] = text(
    JSON.stringify(metricsOf(result, gpu, flags, seconds), null, 2) + "\n",
  );
  signal.throwIfAborted();
  await writeFolder(flags.out, encoded);
  await checkpoint.remove();
  progress.end();

  const mean = (values: number[]) => values.reduce((sum, v) => sum + v, 0) / values.length;
  const both = overlap.filter(({ before, after }) => !Number.isNaN(before + after));
  console.log(`Registered in ${seconds.toFixed(1)} s; results in ${flags.out}`);
  const labels = `${flags.out}/warped_labels.nii.gz`;
  if (!movingLabels && await Deno.stat(labels).then(() => true, () => false)) {
    console.log(`${labels} is of an earlier run: this one had no --moving-labels`);
  }
  if (both.length > 0) {
    const dice = mean(both.map((o) => o.after));
    const was = mean(both.map((o) => o.before));
    console.log(
      `Mean Dice of ${both.length} labels: ${dice.toFixed(3)} (${was.toFixed(3)} before)`,
    );
  }
  console.log(
    `Folded voxels: ${jacobian.foldedPercent.toFixed(3)} %, SD log J ${jacobian.sdLog.toFixed(3)}`,
  );
  if (result.mindGaussNewton) {
    const { inverseConsistency: { mean, percentile95 }, foldedVoxels } = result.mindGaussNewton;
    console.log(
      `Inverse consistency: ${mean.toFixed(3)} mm in the mean, 95 % below ` +
        `${percentile95.toFixed(3)} mm; ${foldedVoxels.forward} working voxels folded forwards, ` +
        `${foldedVoxels.backward} backwards`,
    );
  }
}

/** A flag that the method does not know was not meant for it. */
function refuseOtherMethods(flags: Readonly<Record<string, unknown>>): void {
  const useless = flags.method === "control-grid"
    ? ["alpha"].filter((key) => flags[key] !== undefined)
    : Object.keys(CONTROL_GRID_FLAGS).filter((key) => flags[key] !== CONTROL_GRID_FLAGS[key]);
  if (useless.length === 0) return;
  throw new UsageError(`--${kebabCase(useless[0])} does nothing with --method ${flags.method}`);
}

/** `--scaling`: a word or a number. */
function scalingOf(text: string): "gradient" | "change" | number {
  if (text === "gradient" || text === "change") return text;
  const value = Number(text);
  if (text.trim() === "" || !(value > 0 && Number.isFinite(value))) {
    throw new UsageError(`--scaling is "gradient", "change" or a number above 0, got "${text}"`);
  }
  return value;
}

/** What is found on the way is kept for --resume, with everything that decides it. */
async function openCheckpoint(
  { out, resume, ...flags }: Readonly<Record<string, unknown>> & { out: string; resume: boolean },
  images: Parameters<typeof identifyRun>[0],
  gpu: Gpu,
  say: (line: string) => void,
): Promise<CheckpointFile> {
  const paths = ["fixed", "moving", "fixedLabels", "movingLabels", "fixedMask", "movingMask"];
  const parameters = Object.entries(flags)
    .filter(([name]) => !paths.includes(name))
    .map(([name, value]) => [`--${name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`)}`, value]);
  const identity = await identifyRun(images, {
    ...Object.fromEntries(parameters),
    "the version": config.version,
    "the adapter": gpu.description,
  });
  return await CheckpointFile.open(out, identity, resume, say);
}

/** Intensity images have many values; one with few whole numbers is a label image or a mask. */
function refuseLabels({ data }: Volume, name: string): void {
  const values = new Set<number>();
  for (const value of data) {
    if (!Number.isInteger(value) || values.add(value).size > 64) return;
  }
  throw new ImageFileError(
    `${name} holds only ${values.size} different whole numbers: it looks like a label image. ` +
      "Give the intensity image, and labels with --fixed-labels or --moving-labels.",
  );
}

function metricsOf(
  result: RegisterImagesResult,
  gpu: Gpu,
  flags: Readonly<Record<string, unknown>>,
  seconds: number,
) {
  const { rigid, deformable, mindGaussNewton } = result;
  const settings = Object.fromEntries(
    Object.entries(flags).filter(([key]) =>
      // A resumed run's results are those of a whole one.
      key !== "resume" && !(flags.method !== "control-grid" && key in CONTROL_GRID_FLAGS)
    ),
  );
  return {
    crosswarp: config.version,
    adapter: gpu.description,
    seconds: { total: seconds, ...result.seconds },
    peakGpuBytes: gpu.peakBytes,
    parameters: {
      ...settings,
      rigid: rigid && { seed: rigid.seed, start: rigid.start.name },
      deformable: (deformable ?? mindGaussNewton)?.parameters,
    },
    rigid: rigid && {
      mutualInformation: rigid.similarity,
      overlapPercent: rigid.overlapPercent,
      matrix: rigid.matrix,
      levels: rigid.levels,
    },
    deformable: deformable ? { levels: deformable.levels } : mindGaussNewton && {
      levels: mindGaussNewton.levels,
      inverseConsistencyMm: mindGaussNewton.inverseConsistency,
      foldedVoxels: mindGaussNewton.foldedVoxels,
    },
    jacobian: result.jacobianStatistics,
    inverseResidualMm: result.inverseResidual,
    dice: Object.fromEntries(
      result.overlap.map(({ label, before, after }) => [label, { before, after }]),
    ),
  };
}

if (import.meta.main) await runTask(TASK, main);
