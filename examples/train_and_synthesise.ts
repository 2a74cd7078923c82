/**
 * Trains a small cycle-GAN on unpaired CT and MR images and turns a CT into an MR.
 *
 *     deno run -A examples/train_and_synthesise.ts ct_folder mr_folder ct.nii.gz out
 *
 * Without arguments it makes a phantom cohort and takes few steps. On Linux set DENO_WEBGPU_BACKEND=vulkan.
 */

import { readManifest, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
import { Gpu, readVolume, writeVolume } from "@crosswarp/crosswarp";
import {
  ganSettings,
  readTrainingImages,
  runTraining,
  synthesiseImage,
  type TrainingSource,
} from "@crosswarp/crosswarp/study";

const [ct, mr, image, folder] = Deno.args;
const out = folder ?? await Deno.makeTempDir();
let source: TrainingSource = { ct, mr };
let path = image;
if (folder === undefined) {
  const manifest = await writePhantomCohort({ out: `${out}/cohort`, profile: "smoke" });
  source = { manifest };
  path = (await readManifest(manifest)).subjects.find(({ kind }) => kind === "paired")!.images.ct!;
}

using gpu = await Gpu.open();
// Few filters and steps, to see it run; `ganSettings("paper")` has the paper's.
const voxel = 8;
const settings = { ...ganSettings("smoke"), epochs: 2, stepsPerEpoch: 10 };
const images = await readTrainingImages(gpu, { source, region: "all", voxel });
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
const synthesis = await synthesiseImage(gpu, { model, image: await readVolume(path), to: "mr" });
await writeVolume(`${out}/synthesised_mr.nii.gz`, synthesis.image);
console.log(`Wrote ${model} and ${out}/synthesised_mr.nii.gz`);
