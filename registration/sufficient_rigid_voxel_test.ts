import { assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import { rigidSchedule } from "./rigid/schedule.ts";
import { sufficientRigidVoxel } from "./sufficient_rigid_voxel.ts";

Deno.test("sufficientRigidVoxel() is for the default, without a mask and without a number of levels", () => {
  const sufficient = sufficientRigidVoxel({}, false);
  assertEquals(sufficient, 6.5);
  assertEquals(sufficientRigidVoxel({ deformable: { similarity: "lncc-mind" } }, false), 6.5);
  assertEquals(sufficientRigidVoxel({ rigid: { start: "world" } }, false), 6.5);
  assertEquals(sufficientRigidVoxel({}, true), undefined);
  for (
    const options of [
      { rigidOnly: true },
      { rigid: { levels: 3 } },
      { method: "mind-gauss-newton" },
      { deformable: { similarity: "nmi+mind" } },
    ] as const
  ) {
    assertEquals(sufficientRigidVoxel(options, false), undefined);
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
});
