/**
 * `deno task n4`: corrects the bias field of an MR image.
 *
 * @module
 */

import { correctBias, N4_DEFAULTS } from "../bias_field/n4.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task n4`. */
export const TASK = {
  name: "n4",
  summary: "Corrects the slow change of brightness (the bias field) of an MR image.",
  details: `
N4 (Tustison et al. 2010) with ITK's defaults. The field is estimated from every fourth voxel that is
above 0, and in the mask where there is one: a mask that leaves out the air helps where the air's noise
is not 0. The result is the image divided by the field, everywhere.`,
  examples: [
    "--image mr.nii.gz --out corrected.nii.gz",
    "--image mr.nii.gz --mask body.nii.gz --out corrected.nii.gz --field field.nii.gz",
  ],
  flags: {
    image: { type: "string", required: true, valueName: "FILE", help: "The MR image." },
    out: { type: "string", required: true, valueName: "FILE", help: "The corrected image." },
    field: { type: "string", valueName: "FILE", help: "Also writes the field, a factor near 1." },
    mask: {
      type: "string",
      valueName: "FILE",
      help: "Voxels to estimate from (not 0), on the image's grid.",
    },
    shrink: {
      type: "integer",
      default: N4_DEFAULTS.shrink,
      min: 1,
      help: "Estimates from every so many voxels along each axis.",
    },
    levels: {
      type: "integer",
      default: N4_DEFAULTS.levels,
      min: 1,
      help: "Each halves the spline's spans.",
    },
    iterations: {
      type: "integer",
      default: N4_DEFAULTS.iterations,
      min: 1,
      help: "Of a level, at most.",
    },
    tolerance: {
      type: "number",
      default: N4_DEFAULTS.tolerance,
      min: 0,
      help: "A level ends when the field changes by no more.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task n4`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  for (const name of ["out", "field"] as const) {
    const path = flags[name];
    if (path !== undefined && !/\.nii(\.gz)?$/i.test(path)) {
      throw new UsageError(`--${name} must end in .nii or .nii.gz, got ${path}`);
    }
  }
  using progress = new Progress();
  progress.stage("reading");
  const image = await readVolume(flags.image);
  const mask = flags.mask === undefined ? undefined : await readLabelVolume(flags.mask);
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  const { shrink, levels, iterations, tolerance } = flags;
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
  await writeVolume(flags.out, found.image);
  if (flags.field !== undefined) await writeVolume(flags.field, found.field);
  progress.end();
  const [least, most] = found.field.data.reduce(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
  console.log(
    `Wrote ${flags.out}: field from ${least.toFixed(2)} to ${most.toFixed(2)}, ` +
      `${found.iterations.join(" + ")} iterations, in ${
        formatDuration((performance.now() - began) / 1000)
      }`,
  );
}

if (import.meta.main) await runTask(TASK, main);
