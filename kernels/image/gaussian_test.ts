import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { gaussianSmooth, gaussianSmoothReference, gaussianWeights } from "./gaussian.ts";
import { MAX_UNROLLED_RADIUS } from "./_gaussian_unrolled.wgsl.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";

async function check(gpu: Gpu, size: Triple, sigma: Triple): Promise<void> {
  const next = random(2);
  const data = Float32Array.from({ length: size[0] * size[1] * size[2] }, () => next());
  const source = uploadImage(gpu, "source", size, data);
  const result = gaussianSmooth(gpu, { source, sigma });
  const expected = gaussianSmoothReference(size, data, sigma);
  (await downloadImage(gpu, result)).forEach((v, i) => assertAlmostEquals(v, expected[i], 1e-5));
  source.destroy();
  result.destroy();
}

gpuTest("gaussianSmooth() agrees with its twin", async (gpu, t) => {
  const cases: [Triple, Triple][] = [
    [[1, 1, 1], [1, 1, 1]],
    [[63, 6, 5], [0.7, 1.5, 0.4]],
    [[64, 5, 9], [2.4, 0, 3]],
    [[65, 7, 4], [0.3, 0.8, 0]],
    [[66, 9, 17], [1.3, 1.3, 1.3]],
    [[5, 40, 3], [6, 6, 6]],
    [[6, 5, 4], [0, 0, 0]],
  ];
  for (const [size, sigma] of cases) {
    await t.step(`${size.join("x")} sigma ${sigma.join(",")}`, () => check(gpu, size, sigma));
  }
});

gpuTest("gaussianSmooth() agrees with its twin at every radius", async (gpu) => {
  for (let radius = 1; radius <= MAX_UNROLLED_RADIUS + 2; radius++) {
    const sigma = radius / 3;
    assertEquals(gaussianWeights(sigma).length, radius + 1);
    await check(gpu, [13 + radius, 11, 9], [sigma, sigma, sigma]);
  }
});

gpuTest("gaussianSmooth() works in slabs beyond one binding", async (gpu) => {
  await check(gpu, [18, 15, 60], [1.2, 0.9, 1.6]);
  await check(gpu, [16, 16, 60], [4, 3, 3.7]);
}, { maxBindingBytes: 52000 });
