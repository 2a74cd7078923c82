/**
 * Registers a CT to an MR and writes the CT on the MR's grid, with the displacement field.
 *
 *     deno run -A examples/register_two_files.ts mr.nii.gz ct.nii.gz out
 *
 * Without arguments it makes a phantom and registers that. On Linux set DENO_WEBGPU_BACKEND=vulkan.
 */

import { readManifest, writePhantomCohort } from "@crosswarp/crosswarp/cohort";
import {
  Gpu,
  readVolume,
  registerImages,
  writeDisplacementField,
  writeVolume,
} from "@crosswarp/crosswarp";

let [fixedPath, movingPath, out] = Deno.args;
if (out === undefined) {
  out = await Deno.makeTempDir();
  const { subjects } = await readManifest(
    await writePhantomCohort({ out, profile: "smoke", subjects: "paired" }),
  );
  [fixedPath, movingPath] = [subjects[0].images.mr!, subjects[0].images.ct!];
}

using gpu = await Gpu.open();
const { warped, field, jacobianStatistics, quality, deformable, seconds } = await registerImages(
  gpu,
  {
    fixed: await readVolume(fixedPath),
    moving: await readVolume(movingPath),
  },
);
await writeVolume(`${out}/warped.nii.gz`, warped);
await writeDisplacementField(`${out}/field.nii.gz`, field);

const all = Object.values(seconds).reduce((sum, value) => sum + value);
console.log(`Registered in ${all.toFixed(1)} s; ${jacobianStatistics.foldedPercent} % folded`);
console.log(`Quality: ${[quality.verdict, ...quality.reasons].join(". ")}`);
// Such as another similarity for thin images.
deformable?.notices.forEach((notice) => console.log(notice));
console.log(`Wrote ${out}/warped.nii.gz and ${out}/field.nii.gz`);
