import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { continueBeyondMask, continueBeyondMaskReference, meanInside } from "./beyond_mask.ts";

gpuTest("continueBeyondMask() agrees with its twin, in slabs beyond one binding", async (gpu) => {
  const size: Triple = [19, 5, 80];
  const next = random(9);
  const data = Float32Array.from({ length: 19 * 5 * 80 }, () => 100 * next() - 1000);
  // Half of the image inside, with holes; the other half is far away.
  const mask = data.map((_, i) => i < data.length / 2 && next() > 0.2 ? 1 : 0);
  const image = uploadImage(gpu, "image", size, data);
  const maskOnGpu = uploadImage(gpu, "mask", size, mask);
  const continued = continueBeyondMask(gpu, { image, mask: maskOnGpu, farValue: 7 });
  const found = await downloadImage(gpu, continued);
  const expected = continueBeyondMaskReference(size, data, mask, 7);
  found.forEach((value, i) => assertAlmostEquals(value, expected[i], 2e-2));
  found.forEach((value, i) => mask[i] === 1 && assertEquals(value, data[i]));
  assertEquals(found.at(-1), 7);
  [image, maskOnGpu, continued].forEach((resource) => resource.destroy());
}, { maxBindingBytes: 26_000 });

gpuTest("continueBeyondMask() sees nothing outside the mask", async (gpu) => {
  // A row whose valid half is 5, next to an artefact of 1e6.
  const size: Triple = [40, 1, 1];
  const data = Float32Array.from({ length: 40 }, (_, x) => x < 20 ? 5 : 1e6);
  const mask = data.map((value) => value === 5 ? 1 : 0);
  const image = uploadImage(gpu, "image", size, data);
  const maskOnGpu = uploadImage(gpu, "mask", size, mask);
  const continued = continueBeyondMask(gpu, {
    image,
    mask: maskOnGpu,
    farValue: meanInside(data, mask),
  });
  (await downloadImage(gpu, continued)).forEach((value) => assertAlmostEquals(value, 5, 1e-4));
  [image, maskOnGpu, continued].forEach((resource) => resource.destroy());
});

Deno.test("meanInside() ignores voxels outside, and gives 0 without voxels", () => {
  assertEquals(meanInside([2, 9, 4], [1, 0, 1]), 3);
  assertEquals(meanInside([2, 9, 4], [0, 0, 0]), 0);
});
