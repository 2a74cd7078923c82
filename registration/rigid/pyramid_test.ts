import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { Grid } from "../../volume/grid.ts";
import { isotropicFactors, maskOnGrid, shrunkGrid, uniformFactors } from "./pyramid.ts";
import { rigidSchedule } from "./schedule.ts";
import { imageStatistics, startPositions } from "./start.ts";

Deno.test("isotropicFactors() shrink toward isotropic voxels and spare thin axes", () => {
  const thick = Grid.axisAligned([256, 40, 256], [1.25, 6, 1.25]);
  const factors = isotropicFactors(thick, thick, 3, Infinity).map(({ fixed }) => fixed);
  assertEquals(factors, [[4, 1, 4], [2, 1, 2], [1, 1, 1]]);
  const slab = Grid.axisAligned([117, 91, 20], [3, 3, 3]);
  assertEquals(isotropicFactors(slab, slab, 3, Infinity)[0].fixed, [4, 4, 1]);
});

Deno.test("isotropicFactors() keep the finest fixed image below the limit", () => {
  const large = Grid.axisAligned([512, 512, 400], [0.8, 0.8, 1.5]);
  const small = Grid.axisAligned([100, 100, 100], [3, 3, 3]);
  const finest = isotropicFactors(large, large, 3, 2 ** 21)[2].fixed;
  assertEquals(shrunkGrid(large, finest).voxels <= 2 ** 21, true);
  // The other image's voxels count too: nothing is gained below 3 mm.
  assertEquals(isotropicFactors(large, small, 1, Infinity)[0].fixed, [4, 4, 2]);
});

Deno.test("uniformFactors() are MATLAB's, its condition on sizes included", () => {
  const grid = Grid.axisAligned([64, 64, 20], [1, 1, 5]);
  assertEquals(uniformFactors(grid, grid, 3).map(({ fixed }) => fixed[2]), [4, 2, 1]);
  const thin = Grid.axisAligned([64, 64, 15], [1, 1, 5]);
  assertThrows(() => uniformFactors(grid, thin, 3), RangeError, "moving");
});

Deno.test("rigidSchedule() of imregister has MATLAB's numbers", () => {
  const grid = Grid.axisAligned([64, 64, 64], [1, 1, 1]);
  const schedule = rigidSchedule({ preset: "imregister", fixed: grid, moving: grid });
  assertEquals(schedule.levels.map(({ search }) => search!.iterations), [100, 100, 100]);
  assertEquals(schedule.levels.map(({ search }) => search!.growth), [1.05, 1.05, 1.05]);
  [0.1, 0.025, 0.00625].forEach((radius, i) =>
    assertAlmostEquals(schedule.levels[i].search!.radius, radius, 1e-12)
  );
  [1.5e-4, 1.5e-5, 1.5e-6].forEach((epsilon, i) =>
    assertAlmostEquals(schedule.levels[i].search!.epsilon, epsilon, 1e-12)
  );
  assertEquals(schedule.range, "full");
});

Deno.test("shrunkGrid() keeps the middle of blocks, maskOnGrid() what lies there", () => {
  const grid = Grid.axisAligned([9, 8, 8], [1, 2, 3], [10, 20, 30]);
  const small = shrunkGrid(grid, [2, 2, 1]);
  assertEquals(small.size, [4, 4, 8]);
  assertEquals(small.world([0, 0, 0]), [10.5, 21, 30]);
  const data = Int32Array.from({ length: grid.voxels }, (_, i) => i % 9 >= 4 ? 5 : 0);
  const mask = maskOnGrid({ grid, data }, small);
  assertEquals([...mask.subarray(0, 4)], [0, 0, 1, 1]);
  const elsewhere = Grid.axisAligned([3, 3, 3], [1, 1, 1], [500, 0, 0]);
  assertEquals(maskOnGrid({ grid, data }, elsewhere).every((value) => value === 0), true);
});

Deno.test("startPositions() put centres on each other and drop repetitions", () => {
  const grid = Grid.axisAligned([8, 8, 8], [2, 2, 2]);
  const there = Grid.axisAligned([8, 8, 8], [2, 2, 2], [100, 0, 0]);
  const data = Float32Array.from({ length: 512 }, (_, i) => i % 8 === 6 ? 10 : 0);
  const statistics = imageStatistics(grid, data)!;
  assertAlmostEquals(statistics.centreOfMass[0], 12, 1e-6);
  const moved = imageStatistics(there, data)!;
  const names = (other: typeof there, s: typeof moved) =>
    startPositions("automatic", { grid, statistics }, { grid: other, statistics: s })
      .map(({ name }) => name);
  assertEquals(names(grid, statistics), ["geometric"]);
  assertEquals(names(there, moved), ["geometric", "world"]);
  const [mass] = startPositions("centre-of-mass", { grid, statistics }, {
    grid: there,
    statistics: moved,
  });
  assertAlmostEquals(mass.matrix[3], 100, 1e-6);
});
