import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { downloadImage, uploadImage } from "../gpu/image.ts";
import { pyramidLevel, pyramidLevelReference, pyramidSigma } from "./pyramid.ts";

const HALF: Matrix4 = [2.03, 0, 0, 0.31, 0, 2.01, 0, 0.42, 0, 0, 1, 0.13, 0, 0, 0, 1];

async function check(gpu: Gpu, from: Triple, to: Triple): Promise<void> {
  const next = random(9);
  const data = Float32Array.from({ length: from[0] * from[1] * from[2] }, () => next());
  const source = uploadImage(gpu, "source", from, data);
  const level = pyramidLevel(gpu, { source, size: to, matrix: HALF });
  const expected = pyramidLevelReference({ size: from, data }, to, HALF);
  (await downloadImage(gpu, level)).forEach((v, i) => assertAlmostEquals(v, expected[i], 2e-5));
  source.destroy();
  level.destroy();
}

gpuTest("pyramidLevel() agrees with its twin", async (gpu) => {
  const cases: [Triple, Triple][] = [
    [[1, 1, 1], [1, 1, 1]],
    [[63, 9, 4], [31, 4, 4]],
    [[64, 7, 5], [32, 3, 5]],
    [[65, 8, 3], [33, 4, 3]],
  ];
  for (const [from, to] of cases) await check(gpu, from, to);
});

gpuTest("pyramidLevel() works beyond one binding", (gpu) => check(gpu, [20, 16, 60], [10, 8, 60]), {
  maxBindingBytes: 52000,
});

Deno.test("pyramidSigma() smooths the axes that get coarser, and only them", () => {
  const [x, y, z] = pyramidSigma([4, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1]);
  assertAlmostEquals(x, 0.4 * Math.sqrt(15), 1e-12);
  assertAlmostEquals(y, 0.4 * Math.sqrt(3), 1e-12);
  assertEquals(z, 0);
});
