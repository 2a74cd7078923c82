import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, downloadLabels, type GpuField, uploadImage } from "../gpu/image.ts";
import { warp, warpLabels, warpLabelsReference, warpReference } from "./warp.ts";

// deno-fmt-ignore
const MATRIX: Matrix4 = [
  0.9, 0.2, -0.1, -1.3137,
  -0.15, 1.1, 0.05, 0.4071,
  0.1, -0.1, 0.8, 1.7093,
  0, 0, 0, 1,
];

function values(n: number, seed: number, scale: number): Float32Array {
  const next = random(seed);
  return Float32Array.from({ length: n }, () => scale * (next() - 0.5));
}

function fieldOf(gpu: Gpu, size: Triple, arrays: readonly Float32Array[]): GpuField {
  const components = arrays.map((a) =>
    uploadImage(gpu, "u", size, a)
  ) as unknown as GpuField["components"];
  return { size, components, destroy: () => components.forEach((c) => c.destroy()) };
}

async function check(gpu: Gpu, size: Triple, from: Triple): Promise<void> {
  const n = size[0] * size[1] * size[2];
  const arrays = [1, 2, 3].map((seed) => values(n, seed, 5));
  const moving = { size: from, data: values(from[0] * from[1] * from[2], 4, 1) };
  const ids = Int32Array.from(moving.data, (v) => v > 0 ? 32249 : Math.round(40 * v));
  const field = fieldOf(gpu, size, arrays);
  const source = uploadImage(gpu, "moving", from, moving.data);
  const labels = uploadImage(gpu, "labels", from, ids);
  for (const outside of ["clamp", -3] as const) {
    const options = { moving: source, field, matrix: MATRIX, outside };
    const expected = warpReference({ moving, size, field: arrays, matrix: MATRIX, outside });
    const plain = warp(gpu, options);
    (await downloadImage(gpu, plain))
      .forEach((v, i) => assertAlmostEquals(v, expected[i], 1e-4));
    plain.destroy();
  }
  const warpedLabels = warpLabels(gpu, { moving: labels, field, matrix: MATRIX });
  const got = await downloadLabels(gpu, warpedLabels);
  const twin = warpLabelsReference({
    moving: { size: from, data: ids },
    size,
    field: arrays,
    matrix: MATRIX,
  });
  const different = got.filter((label, i) => label !== twin[i]).length;
  assertEquals(different <= Math.ceil(n / 5000), true, `${different} labels differ`);
  [field, source, labels, warpedLabels].forEach((resource) => resource.destroy());
}

gpuTest("warp() and warpLabels() agree with their twins", async (gpu, t) => {
  const cases: [Triple, Triple][] = [
    [[1, 1, 1], [3, 2, 2]],
    [[63, 5, 7], [64, 8, 4]],
    [[64, 6, 3], [65, 7, 1]],
    [[65, 9, 6], [63, 4, 9]],
  ];
  for (const [size, from] of cases) {
    await t.step(`${size.join("x")} from ${from.join("x")}`, () => check(gpu, size, from));
  }
});

gpuTest("warp() and warpLabels() work in slabs and windows beyond one binding", async (gpu) => {
  await check(gpu, [20, 16, 60], [24, 18, 70]);
}, { maxBindingBytes: 26000 });
