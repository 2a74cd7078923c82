/**
 * Trains a small cycle-GAN on unpaired CT and MR images and turns a CT into an MR.
 *
 *     deno run -A examples/train_and_synthesise.ts ct_folder mr_folder ct.nii.gz out
 *
 * Without arguments it makes phantoms and takes few steps. On Linux set DENO_WEBGPU_BACKEND=vulkan.
 */

import { readManifest, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
import { Gpu, readVolume, writeVolume } from "@crosswarp/crosswarp";
import {
  ganSettings,
  readTrainingImages,
  runTraining,
  synthesiseImage,
} from "@crosswarp/crosswarp/study";

let [ct, mr, image, out] = Deno.args;
if (out === undefined) {
  out = await Deno.makeTempDir();
  const { subjects: [first, second, third] } = await readManifest(
    await writePhantomCohort({ out: `${out}/cohort`, profile: "smoke", subjects: "paired" }),
  );
  // CT and MR images of different people, and a CT that the training does not see.
  [ct, mr, image] = [`${out}/ct`, `${out}/mr`, third.images.ct!];
  for (const folder of [ct, mr]) await Deno.mkdir(folder);
  await Deno.copyFile(first.images.ct!, `${ct}/first.nii.gz`);
  await Deno.copyFile(second.images.mr!, `${mr}/second.nii.gz`);
}

using gpu = await Gpu.open();
// Few filters and steps, to see it run; `ganSettings("paper")` has the paper's.
const voxel = 8;
const settings = { ...ganSettings("smoke"), epochs: 2, stepsPerEpoch: 10 };
const images = await readTrainingImages(gpu, { source: { ct, mr }, region: "all", voxel });
const model = `${out}/model`;
await runTraining(gpu, {
  images,
  settings,
  plane: "coronal",
  region: "all",
  voxel,
  folder: model,
  onProgress: ({ step, total, losses }) =>
    console.log(`step ${step} of ${total}, cycle ${losses.cycleCt.toFixed(3)}`),
});
const synthesis = await synthesiseImage(gpu, {
  model,
  image: await readVolume(image),
  to: "mr",
  // Few patches, whose overlap hides their edges.
  stitch: "cheap",
});
await writeVolume(`${out}/synthesised_mr.nii.gz`, synthesis.image);
console.log(`Wrote ${model} and ${out}/synthesised_mr.nii.gz`);
