import { assertAlmostEquals, assertGreater, assertLess, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { localCorrelationReference } from "../local_correlation/local_correlation.ts";
import { localCorrelation } from "./local_correlation.ts";

const GRID = Grid.axisAligned([19, 12, 9], [2, 2, 3]);
const WINDOW = { low: 0, high: 1 };
const MASK: LabelVolume = {
  grid: GRID,
  data: Int32Array.from({ length: GRID.voxels }, (_, i) => i % 19 < 6 ? 0 : 1),
};

function noise(seed: number): Volume {
  const next = random(seed);
  return { grid: GRID, data: Float32Array.from({ length: GRID.voxels }, next) };
}

gpuTest("localCorrelation() agrees with its twin, with and without a mask", async (gpu) => {
  const fixed = noise(1);
  const other = noise(2);
  const moving = {
    grid: GRID,
    data: fixed.data.map((v, i) => i % 19 < 10 ? 0.7 * v + 0.3 * other.data[i] : 1 - v),
  };
  for (const mask of [undefined, MASK]) {
    for (const absolute of [false, true]) {
      const of = (data: Float32Array) =>
        data.map((v, i) => mask !== undefined && mask.data[i] === 0 ? NaN : v);
      const { value } = localCorrelationReference({
        size: GRID.size,
        sigma: [3, 3, 2],
        fixed: of(fixed.data),
        moving: of(moving.data),
        absolute,
      });
      const found = await localCorrelation(gpu, {
        fixed,
        moving,
        mask,
        absolute,
        sigma: 6,
        fixedWindow: WINDOW,
        movingWindow: WINDOW,
      });
      assertAlmostEquals(found, 1 - value, 1e-4);
    }
  }
});

gpuTest(
  "localCorrelation() is 1 of an affine intensity map and -1 of an inverted one",
  async (gpu) => {
    // Values of 0 and 1 have a variance of 1/4, to which 1e-4 is added: 1 / 1.0004.
    const next = random(3);
    const data = Float32Array.from({ length: GRID.voxels }, () => Math.round(next()));
    const fixed = { grid: GRID, data };
    const affine = { grid: GRID, data: data.map((v) => 300 + 50 * v) };
    const inverted = { grid: GRID, data: data.map((v) => 300 - 50 * v) };
    const unequal = await localCorrelation(gpu, { fixed, moving: noise(4) });
    assertAlmostEquals(await localCorrelation(gpu, { fixed, moving: affine }), 1, 1e-3);
    assertAlmostEquals(await localCorrelation(gpu, { fixed, moving: inverted }), -1, 1e-3);
    assertAlmostEquals(
      await localCorrelation(gpu, { fixed, moving: inverted, absolute: true }),
      1,
      1e-3,
    );
    assertGreater(unequal, -0.2);
    assertLess(unequal, 0.2);
  },
);

gpuTest("localCorrelation() of a constant image is 0", async (gpu) => {
  const constant = { grid: GRID, data: new Float32Array(GRID.voxels).fill(4) };
  assertAlmostEquals(await localCorrelation(gpu, { fixed: noise(5), moving: constant }), 0, 1e-5);
});

gpuTest("localCorrelation() refuses what it cannot compare", async (gpu) => {
  const fixed = noise(6);
  const other = { ...fixed, grid: Grid.axisAligned([19, 12, 9], [2, 2, 4]) };
  const broken = { grid: GRID, data: fixed.data.with(3, NaN) };
  const refused = [
    [{ fixed, moving: other }, "must be on the grid of `fixed`"],
    [{ fixed, moving: fixed, sigma: 0 }, "`sigma` must be above 0 mm"],
    [{ fixed, moving: broken }, "NaN"],
  ] as const;
  for (const [options, message] of refused) {
    await assertRejects(() => localCorrelation(gpu, options), RangeError, message);
  }
});
