/**
 * `deno task synthesise`: synthesises an MR image from a CT image, or the reverse, with a trained model.
 *
 * @module
 */

import { Gpu } from "../kernels/gpu/gpu.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { FlagsOf, TaskSpec } from "./_flags.ts";
import { headerNotices } from "./_header_flags.ts";
import { memoryBudget } from "./_memory.ts";
import { formatDuration, Progress } from "./_progress.ts";
import { checkImageFile } from "./_output.ts";
import { runTask } from "./_run_task.ts";
import { SYNTHESISE_FLAGS, synthesisSettings } from "./_synthesise_flags.ts";

/** The declaration of `deno task synthesise`. */
export const TASK = {
  name: "synthesise",
  summary:
    "Synthesises an MR image from a CT image, or the reverse, with a model that `train` wrote.",
  details: `
Every voxel of the result is the mean over all overlapping patches that contain it (patch averaging). The
result has the grid of the image, and Hounsfield units or the intensities of the MR images of the
training. With --stitch cheap, neighbouring patches are half a patch apart and have weights that fall
towards their borders. The task then also computes the full average of some slices in the middle of the
image and prints the difference.`,
  examples: [
    "--model model --image ct.nii.gz --to mr --out synthesised_mr.nii.gz",
    "--model model --image mr.nii.gz --to ct --out synthesised_ct.nii.gz --stitch cheap",
  ],
  flags: SYNTHESISE_FLAGS,
} as const satisfies TaskSpec;

/** The work of `deno task synthesise`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  // Here, because --help does not need tfjs; first, because tfjs may be missing.
  const { cheapErrorText, synthesiseImage } = await import("../workflows/synthesis_job.ts");
  await checkImageFile("out", flags.out);
  using progress = new Progress();
  progress.stage("reading");
  const headers = headerNotices(flags.trust, (line) => progress.log(line));
  const image = await readVolume(flags.image, { ...headers, series: flags.series });
  signal.throwIfAborted();
  using gpu = await Gpu.open(memoryBudget());
  let isFirst = true;
  const result = await synthesiseImage(gpu, {
    model: flags.model,
    image,
    ...synthesisSettings(flags),
    signal,
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
  if (result.cheapError !== undefined) console.log(cheapErrorText(result.cheapError, flags.to));
  console.log(
    `Wrote ${flags.out}: the mean of ${result.patches} patches, in ${
      formatDuration((performance.now() - began) / 1000)
    }`,
  );
}

if (import.meta.main) await runTask(TASK, main);
