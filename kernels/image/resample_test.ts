import { assertAlmostEquals, assertEquals } from "@std/assert";
import { IDENTITY, type Matrix4, type Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { NO_VALUE } from "../gpu/no_value.ts";
import { resample, resampleReference } from "./resample.ts";

// Irregular, so that no point falls on the half voxel beyond the border, where rounding decides.
// deno-fmt-ignore
const OBLIQUE: Matrix4 = [
  0.9, 0.2, -0.1, -1.3137,
  -0.15, 1.1, 0.05, 0.4071,
  0.1, -0.1, 0.8, 1.7093,
  0, 0, 0, 1,
];

async function check(gpu: Gpu, from: Triple, to: Triple, outside: "clamp" | number): Promise<void> {
  const next = random(11);
  const data = Float32Array.from({ length: from[0] * from[1] * from[2] }, () => next());
  const source = uploadImage(gpu, "source", from, data);
  const result = resample(gpu, { source, size: to, matrix: OBLIQUE, outside });
  const expected = resampleReference({ size: from, data }, to, OBLIQUE, outside);
  (await downloadImage(gpu, result)).forEach((v, i) => assertAlmostEquals(v, expected[i], 2e-5));
  source.destroy();
  result.destroy();
}

gpuTest("resample() agrees with its twin", async (gpu, t) => {
  const cases: [Triple, Triple][] = [
    [[1, 1, 1], [3, 2, 2]],
    [[63, 5, 7], [64, 8, 4]],
    [[64, 6, 1], [65, 7, 3]],
    [[65, 9, 6], [63, 4, 9]],
  ];
  for (const [from, to] of cases) {
    await t.step(`${from.join("x")} to ${to.join("x")}`, async () => {
      await check(gpu, from, to, "clamp");
      await check(gpu, from, to, -7);
    });
  }
});

gpuTest("resample() works in slabs and windows beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60], [24, 18, 70], -1);
}, { maxBindingBytes: 24000 });

gpuTest(
  "resample() onto the same grid copies the voxels, also those without a value",
  async (gpu) => {
    const size: Triple = [13, 4, 3];
    const next = random(12);
    const data = Float32Array.from({ length: 13 * 4 * 3 }, () => next() < 0.2 ? NO_VALUE : next());
    const source = uploadImage(gpu, "source", size, data);
    const result = resample(gpu, { source, size, matrix: IDENTITY, outside: -7 });
    assertEquals(await downloadImage(gpu, result), data);
    assertEquals(resampleReference({ size, data }, size, IDENTITY, -7), data);
    [source, result].forEach((image) => image.destroy());
  },
);
