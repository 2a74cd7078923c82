import { assertAlmostEquals, assertEquals } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import { blurAlong, eachLine, gridAxisAlong, shiftAlong } from "./lines.ts";

const SIZE: Triple = [5, 4, 31];

/** A bump of signal in the middle of the lines along z, different on each line. */
function bumps(): Float32Array {
  const data = new Float32Array(SIZE[0] * SIZE[1] * SIZE[2]);
  eachLine(SIZE, 2, (first, stride) => {
    for (let i = 12; i < 17; i++) data[first + i * stride] = 1 + (7 * i + 3 * first) % 5;
  });
  return data;
}

/** Sum, mean position and variance of a line along z. */
function moments(data: Float32Array, line: number): readonly [number, number, number] {
  const values = Array.from({ length: SIZE[2] }, (_, i) => data[line + i * SIZE[0] * SIZE[1]]);
  const sum = values.reduce((all, v) => all + v, 0);
  const mean = values.reduce((all, v, i) => all + v * i, 0) / sum;
  return [sum, mean, values.reduce((all, v, i) => all + v * (i - mean) ** 2, 0) / sum];
}

Deno.test("shiftAlong() moves the mean position exactly and keeps sum and spread", () => {
  const data = bumps();
  for (const voxels of [0.35, -0.35, 1.12, -3.8]) {
    const shifted = shiftAlong(data, SIZE, 2, voxels);
    for (let line = 0; line < SIZE[0] * SIZE[1]; line++) {
      const [sum, mean, variance] = moments(data, line);
      const [sumAfter, meanAfter, varianceAfter] = moments(shifted, line);
      assertAlmostEquals(sumAfter, sum, 1e-4);
      assertAlmostEquals(meanAfter, mean + voxels, 1e-5);
      assertAlmostEquals(varianceAfter, variance, 1e-4);
    }
  }
  // Whole voxels are copied; the ends are continued.
  const line = Float32Array.of(1, 2, 4, 8);
  assertEquals([...shiftAlong(line, [4, 1, 1], 0, 1)], [1, 1, 2, 4]);
  assertEquals([...shiftAlong(line, [4, 1, 1], 0, -2)], [4, 8, 8, 8]);
  // Half a voxel between 2 and 4: (-1 + 9 * 2 + 9 * 4 - 8) / 16.
  assertAlmostEquals(shiftAlong(line, [4, 1, 1], 0, 0.5)[2], 45 / 16, 1e-6);
});

Deno.test("blurAlong() adds its variance exactly and blurs only where it may", () => {
  for (const variance of [0.1, 0.5, 2.3]) {
    const data = bumps();
    const before = moments(data, 7);
    blurAlong(data, { size: SIZE, axis: 2, variance });
    const after = moments(data, 7);
    assertAlmostEquals(after[0], before[0], 1e-4);
    assertAlmostEquals(after[1], before[1], 1e-5);
    assertAlmostEquals(after[2], before[2] + variance, 1e-4);
  }
  // By hand: variance 1/4 in one pass has the weights 1/8, 3/4, 1/8.
  const point = Float32Array.of(0, 0, 8, 0, 0);
  blurAlong(point, { size: [5, 1, 1], axis: 0, variance: 0.25 });
  assertEquals([...point], [0, 1, 6, 1, 0]);
  const still = Float32Array.of(0, 0, 8, 0, 0);
  const share = new Float32Array(5);
  blurAlong(still, { size: [5, 1, 1], axis: 0, variance: 2, share });
  assertEquals([...still], [0, 0, 8, 0, 0]);
});

Deno.test("gridAxisAlong() finds the axis and its direction", () => {
  const grid = new Grid([3, 4, 5], [0, -2, 0, 0, 0, 0, 3, 0, 1.5, 0, 0, 0, 0, 0, 0, 1]);
  assertEquals(gridAxisAlong(grid, 0), { axis: 1, step: -2 });
  assertEquals(gridAxisAlong(grid, 1), { axis: 2, step: 3 });
  assertEquals(gridAxisAlong(grid, 2), { axis: 0, step: 1.5 });
});
