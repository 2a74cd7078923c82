import { assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { RegisterImagesOptions } from "./register.ts";
import { rigidSchedule } from "./rigid/schedule.ts";
import { sufficientRigidVoxel } from "./sufficient_rigid_voxel.ts";

Deno.test("sufficientRigidVoxel() is for the default, without a mask, a number of levels and thin images", () => {
  const image = (size: Triple) => ({
    grid: Grid.axisAligned(size, [3, 3, 3]),
    data: new Float32Array(0),
  });
  const body = image([120, 100, 110]);
  const voxelOf = (
    options: Omit<RegisterImagesOptions, "fixed" | "moving">,
    isMasked = false,
    fixed = body,
  ) => sufficientRigidVoxel({ fixed, moving: body, ...options }, isMasked);
  assertEquals(voxelOf({}), 6.5);
  assertEquals(voxelOf({ deformable: { similarity: "lncc-mind" } }), 6.5);
  assertEquals(voxelOf({ rigid: { start: "world" } }), 6.5);
  assertEquals(voxelOf({}, true), undefined);
  // A stack of 57 mm.
  assertEquals(voxelOf({}, false, image([120, 100, 19])), undefined);
  for (
    const options of [
      { rigidOnly: true },
      { rigid: { levels: 3 } },
      { method: "mind-gauss-newton" },
      { deformable: { similarity: "nmi+mind" } },
    ] as const
  ) {
    assertEquals(voxelOf(options), undefined);
  }
});

Deno.test("rigidSchedule() ends at the first level whose voxels are sufficient, after the coarsest", () => {
  const factors = (size: number, mm: number, sufficientVoxel?: number) => {
    const grid = Grid.axisAligned([size, size, size], [mm, mm, mm]);
    return rigidSchedule({ preset: "robust", fixed: grid, moving: grid, sufficientVoxel })
      .levels.map(({ factors, refinementRounds }) => [factors.fixed[0], refinementRounds]);
  };
  assertEquals(factors(112, 3), [[4, 0], [2, 6], [1, 3]]);
  // Voxels of 12, 6 and 3 mm.
  assertEquals(factors(112, 3, 6.5), [[4, 0], [2, 6]]);
  // 8 mm are not sufficient.
  assertEquals(factors(112, 4, 6.5), [[4, 0], [2, 6], [1, 3]]);
  // Voxels of 4, 2 and 1 mm: the coarsest level is only searched.
  assertEquals(factors(128, 1, 6.5), [[4, 0], [2, 6]]);
  // 30 x 30 x 30 voxels are fewer than 2^15.
  assertEquals(factors(60, 3, 6.5), [[3, 0], [2, 6], [1, 3]]);
  const grid = Grid.axisAligned([112, 112, 112], [3, 3, 3]);
  const { levels } = rigidSchedule({
    preset: "imregister",
    fixed: grid,
    moving: grid,
    sufficientVoxel: 6.5,
  });
  assertEquals(levels.length, 3);
  assertThrows(() => factors(112, 3, -1), RangeError, "sufficientVoxel");
});
