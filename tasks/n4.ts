/**
 * `deno task n4`: corrects the bias field of an MR image.
 *
 * @module
 */

import { correctBias, N4_DEFAULTS } from "../bias_field/n4.ts";
import { shrinkFactors } from "../bias_field/samples.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { ImageGeometryError } from "../volume/nifti_errors.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { writeVolumes } from "../volume/write_nifti.ts";
import type { Triple } from "../volume/affine.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { headerNotices, seriesFlag, TRUST } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { checkImageFile } from "./_output.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task n4`. */
export const TASK = {
  name: "n4",
  summary: "Corrects the bias field, a slow change of brightness, of an MR image.",
  details: `
The task runs N4 (Tustison et al. 2010) with the defaults of ITK. It estimates the field from some of
the voxels (see --shrink) that are above 0 and inside the mask, if there is a mask. If the noise of the
air is not 0, a mask that excludes the air improves the estimate. The task divides the whole image by
the field.`,
  examples: [
    "--image mr.nii.gz --out corrected.nii.gz",
    "--image mr.nii.gz --mask body.nii.gz --out corrected.nii.gz --field field.nii.gz",
  ],
  flags: {
    image: { type: "string", required: true, valueName: "FILE", help: "The MR image." },
    series: seriesFlag("--image"),
    out: { type: "string", required: true, valueName: "FILE", help: "The corrected image." },
    field: {
      type: "string",
      valueName: "FILE",
      help: "A file to which the task writes the field, a factor near 1.",
    },
    mask: {
      type: "string",
      valueName: "FILE",
      help:
        "A mask on the grid of the image. The estimate uses only voxels where the mask is not 0.",
    },
    shrink: {
      type: "integers",
      min: 1,
      help:
        "Subsampling factor n: the estimate uses every n-th voxel. Give one factor, or one for each axis of the " +
        "image, such as 4,1,4 for thick coronal slices. By default the samples lie about 8 mm apart along each " +
        "axis, and at most 4 voxels.",
    },
    levels: {
      type: "integer",
      default: N4_DEFAULTS.levels,
      min: 1,
      help:
        "Number of levels. Each level after the first halves the distance between the spline's knots.",
    },
    iterations: {
      type: "integer",
      default: N4_DEFAULTS.iterations,
      min: 1,
      help: "Maximum number of iterations per level.",
    },
    tolerance: {
      type: "number",
      default: N4_DEFAULTS.tolerance,
      min: 0,
      help:
        "Convergence tolerance: a level ends when the relative change of the field is below it.",
    },
    trust: TRUST,
  },
} as const satisfies TaskSpec;

/**
 * The factors of --shrink.
 *
 * @throws {UsageError} when their number is neither one nor three.
 */
function factorsOf(list: readonly number[]): number | Triple {
  const [x, y, z] = list;
  if (list.length === 1) return x;
  if (list.length === 3) return [x, y, z];
  throw new UsageError(`--shrink needs one factor or three, not ${list.length}`);
}

/** The work of `deno task n4`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  for (const name of ["out", "field"] as const) {
    const path = flags[name];
    if (path !== undefined) await checkImageFile(name, path);
  }
  using progress = new Progress();
  progress.stage("reading");
  const headers = headerNotices(flags.trust, (line) => progress.log(line));
  const image = withPaddingReplaced(
    await readVolume(flags.image, { ...headers, series: flags.series }),
    (text, { lowest }) => headers.onNotice(`${flags.image}: ${text}. They count as ${lowest}.`),
  );
  const mask = flags.mask === undefined ? undefined : await readLabelVolume(flags.mask, headers);
  if (mask !== undefined && !mask.grid.equals(image.grid, 0.01)) {
    throw new ImageGeometryError(
      `${flags.mask} (--mask) must lie on the grid of the image ${flags.image}. Resample it to that grid, with ` +
        "nearest neighbour, or repair its header.",
    );
  }
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  const { levels, iterations, tolerance } = flags;
  const shrink = flags.shrink === undefined ? shrinkFactors(image.grid) : factorsOf(flags.shrink);
  progress.stage("estimating", levels * iterations, "iterations");
  const found = await correctBias(gpu, {
    image,
    shrink,
    levels,
    iterations,
    tolerance,
    signal,
    mask,
    onProgress: ({ level, iteration, change }) =>
      progress.update(
        (level - 1) * iterations + iteration,
        `level ${level} of ${levels}, change ${change.toExponential(1)}`,
      ),
  });
  progress.stage("writing");
  const volumes: Record<string, Volume> = { [flags.out]: found.image };
  if (flags.field !== undefined) volumes[flags.field] = found.field;
  await writeVolumes(volumes);
  progress.end();
  const [min, max] = found.field.data.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  console.log(
    `Wrote ${flags.out}: field from ${min.toFixed(2)} to ${max.toFixed(2)}, ` +
      `${found.iterations.join(" + ")} iterations, in ${
        formatDuration((performance.now() - began) / 1000)
      }`,
  );
}

if (import.meta.main) await runTask(TASK, main);
