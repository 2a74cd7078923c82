import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { IDENTITY, transformPoint } from "./affine.ts";
import { Grid } from "./grid.ts";

const tilted = new Grid([4, 5, 6], [
  0,
  -3,
  0,
  7,
  2 * 0.6,
  0,
  0.8,
  8,
  2 * 0.8,
  0,
  -0.6,
  9,
  0,
  0,
  0,
  1,
]);

Deno.test("Grid knows its voxel sizes, voxels, middle and inverse", () => {
  tilted.spacing.forEach((size, axis) => assertAlmostEquals(size, [2, 3, 1][axis], 1e-12));
  assertEquals(tilted.voxels, 120);
  assertEquals(tilted.centre, tilted.world([1.5, 2, 2.5]));
  transformPoint(tilted.inverse, tilted.world([1, 2, 3])).forEach((value, axis) =>
    assertAlmostEquals(value, axis + 1, 1e-12)
  );
  assertEquals(Grid.axisAligned([2, 2, 2], [1, 2, 3], [4, 5, 6]).world([1, 1, 1]), [5, 7, 9]);
});

Deno.test("Grid.equals() compares size and corners", () => {
  const moved = (by: number) =>
    new Grid(tilted.size, tilted.affine.map((v, i) => i === 3 ? v + by : v));
  assert(tilted.equals(moved(0)));
  assert(tilted.equals(moved(5e-4)));
  assert(!tilted.equals(moved(2e-3)));
  assert(tilted.equals(moved(2e-3), 1e-2));
  assert(!tilted.equals(new Grid([4, 5, 7], tilted.affine)));
  // A wrong voxel size shows at the far corner only.
  const longer = new Grid(tilted.size, tilted.affine.map((v, i) => i === 1 ? v + 4e-4 : v));
  assert(!tilted.equals(longer));
});

Deno.test("Grid refuses sizes and matrices that hold no image", () => {
  assertThrows(() => new Grid([2, 0, 2], IDENTITY), RangeError, "2 x 0 x 2");
  assertThrows(() => new Grid([2, 1.5, 2], IDENTITY), RangeError, "`size`");
  assertThrows(() => new Grid([2, 2, 2], new Array(16).fill(1)), RangeError, "singular");
  assertThrows(() => new Grid([2, 2, 2], [1, 0, 0]), RangeError, "16 numbers");
});
