import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { binIntensitiesOnHost, jointHistogramOnHost } from "../nmi/joint_histogram.ts";
import { nmiOnHost } from "../nmi/nmi.ts";
import { jointHistogram, normalisedMutualInformation } from "./joint_histogram.ts";

const GRID = Grid.axisAligned([19, 8, 7], [2, 2, 2]);
const MASK: LabelVolume = {
  grid: GRID,
  data: Int32Array.from({ length: GRID.voxels }, (_, i) => i % 3),
};

function image(value: (i: number) => number): Volume {
  return { grid: GRID, data: Float32Array.from({ length: GRID.voxels }, (_, i) => value(i)) };
}

function related(): { fixed: Volume; moving: Volume } {
  const next = random(1);
  const fixed = image(() => next());
  return { fixed, moving: image((i) => 100 * fixed.data[i] ** 2 + 10 * next()) };
}

gpuTest(
  "jointHistogram() and normalisedMutualInformation() agree with their twins",
  async (gpu) => {
    const pair = related();
    const fixedWindow = { low: 0.1, high: 0.9 };
    const movingWindow = { low: 5, high: 95 };
    for (const mask of [undefined, MASK]) {
      for (const bins of [2, 33, 100]) {
        const options = { ...pair, mask, bins, fixedWindow, movingWindow };
        const whole = binIntensitiesOnHost(pair.fixed.data, { ...fixedWindow, bins });
        const fixed = Uint8Array.from(
          whole,
          (bin, i) => mask !== undefined && mask.data[i] === 0 ? 255 : Math.round(bin),
        );
        const moving = binIntensitiesOnHost(pair.moving.data, { ...movingWindow, bins });
        const expected = jointHistogramOnHost(fixed, moving, bins);
        const { counts } = await jointHistogram(gpu, options);
        counts.forEach((count, cell) => assertAlmostEquals(count, expected[cell], 2e-3));
        const { dissimilarity, voxels } = nmiOnHost(expected, bins);
        const found = await normalisedMutualInformation(gpu, options);
        assertAlmostEquals(found.nmi, -dissimilarity, 1e-5);
        assertAlmostEquals(found.voxels, voxels, 1e-2);
      }
    }
  },
);

gpuTest("jointHistogram() divides the images between their percentiles by default", async (gpu) => {
  const fixed = image((i) => i % 2);
  const moving = image((i) => 5 + 2 * (i % 2));
  const found = await jointHistogram(gpu, { fixed, moving, bins: 3 });
  const half = GRID.voxels / 2;
  assertEquals([...found.counts], [half, 0, 0, 0, 0, 0, 0, 0, half]);
  assertEquals(found.fixedWindow, { low: 0, high: 1 });
  assertEquals(found.movingWindow, { low: 5, high: 7 });
});

/** Entropy in nats. */
const entropy = (...shares: number[]) => shares.reduce((h, p) => h - p * Math.log(p), 0);

gpuTest("normalisedMutualInformation() of a two-valued image with itself", async (gpu) => {
  // Half of the voxels at each end; at an end [1 4 1] / 6 leaves 5/6 there and moves 1/6 to the next bin.
  const fixed = image((i) => i % 2);
  const found = await normalisedMutualInformation(gpu, { fixed, moving: fixed });
  const spread = entropy(5 / 6, 1 / 6);
  const single = Math.LN2 + spread;
  assertAlmostEquals(found.fixedEntropy, single, 1e-5);
  assertAlmostEquals(found.movingEntropy, single, 1e-5);
  assertAlmostEquals(found.jointEntropy, Math.LN2 + 2 * spread, 1e-5);
  assertAlmostEquals(found.nmi, 2 * single / (Math.LN2 + 2 * spread), 1e-5);
  assertEquals(found.voxels, GRID.voxels);
});

gpuTest("normalisedMutualInformation() of independent images is 1", async (gpu) => {
  // All four pairs of two values, equally often.
  const grid = Grid.axisAligned([16, 16, 4], [1, 1, 1]);
  const of = (value: (i: number) => number): Volume => ({
    grid,
    data: Float32Array.from({ length: grid.voxels }, (_, i) => value(i)),
  });
  const moving = of((i) => Math.floor(i / 16) % 2);
  const { nmi } = await normalisedMutualInformation(gpu, { fixed: of((i) => i % 2), moving });
  assertAlmostEquals(nmi, 1, 1e-5);
});

gpuTest("normalisedMutualInformation() of a table of 2 x 2 bins, by hand", async (gpu) => {
  // Counts [3 1; 0 4], which [1 4 1] / 6 smooths to [7 5; 3 9] / 24.
  const grid = Grid.axisAligned([8, 1, 1], [1, 1, 1]);
  const window = { low: 0, high: 1 };
  const found = await normalisedMutualInformation(gpu, {
    fixed: { grid, data: Float32Array.of(0, 0, 0, 0, 1, 1, 1, 1) },
    moving: { grid, data: Float32Array.of(0, 0, 0, 1, 1, 1, 1, 1) },
    bins: 2,
    fixedWindow: window,
    movingWindow: window,
  });
  assertAlmostEquals(found.fixedEntropy, Math.LN2, 1e-5);
  assertAlmostEquals(found.movingEntropy, entropy(10 / 24, 14 / 24), 1e-5);
  assertAlmostEquals(found.jointEntropy, entropy(7 / 24, 5 / 24, 3 / 24, 9 / 24), 1e-5);
});

gpuTest(
  "normalisedMutualInformation() takes log(1 / (2 N)) of smaller probabilities",
  async (gpu) => {
    // One voxel in the middle of 3 x 3 bins: each smoothed share of the table is below 1 / 2.
    const window = { low: 0, high: 2 };
    const one = { grid: Grid.axisAligned([1, 1, 1], [1, 1, 1]), data: Float32Array.of(1) };
    const found = await normalisedMutualInformation(gpu, {
      fixed: one,
      moving: one,
      bins: 3,
      fixedWindow: window,
      movingWindow: window,
    });
    assertAlmostEquals(found.jointEntropy, Math.LN2, 1e-5);
    assertAlmostEquals(found.fixedEntropy, 2 / 6 * Math.LN2 + entropy(4 / 6), 1e-5);
  },
);

gpuTest("jointHistogram() refuses what it cannot count", async (gpu) => {
  const { fixed, moving } = related();
  const other = { ...moving, grid: Grid.axisAligned([19, 8, 7], [2, 2, 3]) };
  const empty = { grid: GRID, data: new Int32Array(GRID.voxels) };
  const refused = [
    [{ fixed, moving: other }, "must be on the grid of `fixed`"],
    [{ fixed, moving, bins: 255 }, "`bins`"],
    [{ fixed, moving, mask: empty }, "`mask` is empty"],
    [{ fixed, moving, fixedWindow: { low: 3, high: 2 } }, "`fixedWindow`"],
    [{ fixed: { grid: GRID, data: fixed.data.with(0, Infinity) }, moving }, "Infinity"],
  ] as const;
  for (const [options, message] of refused) {
    await assertRejects(() => jointHistogram(gpu, options), RangeError, message);
  }
});
