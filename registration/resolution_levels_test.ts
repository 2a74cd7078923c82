import { assertEquals, assertThrows } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { resolutionLevels } from "./resolution_levels.ts";

const fixed = Grid.axisAligned([97, 81, 65], [1.25, 1.25, 1.25]);

/** The voxels of the levels, mm, to one decimal. */
const voxelsOf = (resolution: Parameters<typeof resolutionLevels>[1]["resolution"], grid = fixed) =>
  resolutionLevels(grid, { spacing: 20, resolution })
    .map((level) => level.grid.spacing.map((mm) => Number(mm.toFixed(1))));

Deno.test("resolutionLevels() preserves voxels that are larger than those of a level", () => {
  const thick = Grid.axisAligned([97, 17, 65], [1.25, 6.25, 1.25]);
  assertEquals(voxelsOf(undefined, thick).at(-1), [1.3, 6.3, 1.3]);
  assertEquals(voxelsOf(undefined, thick).at(-2), [2.5, 6.3, 2.5]);
});

Deno.test("resolutionLevels() has a resolution for each axis, as if the image had been measured so", () => {
  const thick = Grid.axisAligned([97, 17, 65], [1.25, 6.25, 1.25]);
  assertEquals(voxelsOf([0, 6.25, 0]), voxelsOf(undefined, thick));
  assertEquals(voxelsOf([2.5, 2.5, 2.5]), voxelsOf(2.5));
  assertEquals(voxelsOf([0, 0, 0]), voxelsOf(undefined));
});

Deno.test("resolutionLevels() has denser control points at coarser levels with `coarseStride`", () => {
  const distances = (voxel: number, coarseStride?: number) =>
    resolutionLevels(Grid.axisAligned([161, 161, 161], [voxel, voxel, voxel]), {
      spacing: 20,
      coarseStride,
    }).map(({ grid, stride }) => Math.round(stride[0] * grid.spacing[0]));
  assertEquals(distances(1.25), [160, 80, 40, 20]);
  assertEquals(distances(1.25, 8), [80, 40, 20, 20]);
  // 8 voxels of 2.5 mm are 20 mm: nothing changes.
  assertEquals(distances(2.5, 8), distances(2.5));
  // Nowhere denser than at the finest level.
  assertEquals(distances(0.5, 8), [32, 20, 20, 20]);
});

Deno.test("resolutionLevels() refuses a resolution that is no length", () => {
  for (const resolution of [-1, NaN, Infinity, [1, -1, 0] as const]) {
    assertThrows(() => resolutionLevels(fixed, { spacing: 20, resolution }), RangeError, "0 mm");
  }
});
