/**
 * `deno task synthesise`: turns a CT into an MR, or an MR into a CT, by a trained model.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { synthesiseImage } from "../workflows/synthesis_job.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task synthesise`. */
export const TASK = {
  name: "synthesise",
  summary: "Synthesises an MR from a CT, or a CT from an MR, by a model that train wrote.",
  details: `
Every voxel is the mean over the overlapping patches that hold it. The result lies on the image's own
grid, in Hounsfield units or in the training MRs' intensities. --stitch cheap takes patches half a
patch apart with feathered weights, and says how far that is from the full average in the middle.`,
  examples: [
    "--model model --image ct.nii.gz --to mr --out synthesised_mr.nii.gz",
    "--model model --image mr.nii.gz --to ct --out synthesised_ct.nii.gz --stitch cheap",
  ],
  flags: {
    model: { type: "string", required: true, valueName: "FOLDER", help: "What train wrote." },
    image: { type: "string", required: true, valueName: "FILE", help: "The image." },
    to: { type: "choice", choices: ["mr", "ct"], required: true, help: "What it becomes." },
    out: { type: "string", required: true, valueName: "FILE", help: "The result, a NIfTI file." },
    stitch: {
      type: "choice",
      choices: ["full", "cheap"],
      default: "full",
      help: "How patches follow each other.",
    },
    stride: {
      type: "integer",
      min: 1,
      help: "Rows and columns from one patch to the next; by default 4, cheap: half a patch.",
    },
    sliceStride: {
      type: "integer",
      min: 1,
      help: "Slices from one patch to the next; by default 2 of 3 or 4, cheap: all.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task synthesise`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  const { to } = flags;
  if (!/\.nii(\.gz)?$/i.test(flags.out)) {
    throw new UsageError(`--out must end in .nii or .nii.gz, got ${flags.out}`);
  }
  using progress = new Progress();
  progress.stage("reading");
  const image = await readVolume(flags.image);
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  let isFirst = true;
  const result = await synthesiseImage(gpu, {
    model: flags.model,
    image,
    to,
    stitch: flags.stitch,
    signal,
    stride: flags.stride,
    sliceStride: flags.sliceStride,
    onProgress: ({ patches, total }) => {
      if (isFirst) progress.stage("synthesising", total, "patches");
      isFirst = false;
      progress.update(patches);
    },
  });
  for (const notice of result.notices) progress.log(`${notice}.`);
  progress.stage("writing");
  await writeVolume(flags.out, result.image);
  progress.end();
  if (result.cheapError !== undefined) {
    const { mean, max, slices } = result.cheapError;
    const unit = to === "ct" ? " HU" : "";
    console.log(
      `Cheap against full average, ${slices} slice${slices > 1 ? "s" : ""} in the middle: ` +
        `mean difference ${mean.toFixed(1)}${unit}, largest ${max.toFixed(1)}${unit}`,
    );
  }
  console.log(
    `Wrote ${flags.out}: the mean of ${result.patches} patches, in ${
      formatDuration((performance.now() - began) / 1000)
    }`,
  );
}

if (import.meta.main) await runTask(TASK, main);
