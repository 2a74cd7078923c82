import { assertAlmostEquals, assertEquals } from "@std/assert";
import { Grid } from "../volume/grid.ts";
import type { Triple } from "../volume/affine.ts";
import { alignBodies, type BodyImage, translatedGrid } from "./body_alignment.ts";

/** A ball of 20 mm around a world position, in an image whose middle lies at `middle`. */
function ball(centre: Triple, middle: Triple, spacing = 4): BodyImage {
  const size: Triple = [24, 24, 24];
  const origin = middle.map((mm) => mm - 11.5 * spacing) as unknown as Triple;
  const grid = Grid.axisAligned(size, [spacing, spacing, spacing], origin);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const at = grid.world([i % 24, Math.floor(i / 24) % 24, Math.floor(i / 576)]);
    return Math.hypot(at[0] - centre[0], at[1] - centre[1], at[2] - centre[2]) < 20 ? 1 : 0;
  });
  return { grid, data, threshold: 0.5 };
}

Deno.test("alignBodies() keeps positions that fit, and lays centres on each other otherwise", () => {
  const fixed = ball([3, 0, -2], [0, 0, 0]);
  assertEquals(alignBodies(fixed, fixed), [0, 0, 0]);
  const far = ball([503, -300, 98], [500, -300, 100]);
  alignBodies(fixed, far).forEach((mm, axis) =>
    assertAlmostEquals(mm, [-500, 300, -100][axis], 0.7)
  );
  // An image without a body moves nothing.
  assertEquals(alignBodies(fixed, { ...far, data: new Float32Array(far.data.length) }), [0, 0, 0]);
});

Deno.test("translatedGrid() moves every voxel by the same millimetres", () => {
  const grid = Grid.axisAligned([3, 4, 5], [2, 2, 2], [1, 1, 1]);
  assertEquals(translatedGrid(grid, [10, 0, -3]).world([1, 1, 1]), [13, 3, 0]);
});
