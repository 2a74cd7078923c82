import { assertAlmostEquals, assertEquals } from "@std/assert";
import { sliceRaster } from "./slices.ts";
import { IDENTITY } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { SliceValues, stepThrough, valueAt } from "./scene.ts";

const grid = Grid.axisAligned([5, 5, 5], [2, 2, 2]);
// x of each voxel's centre in mm.
const ramp = { grid, data: Float32Array.from({ length: 125 }, (_, i) => 2 * (i % 5)) };

Deno.test("SliceValues samples the moving image where its file places it", () => {
  // The same ramp 1 mm to the right, stored from right to left.
  // deno-fmt-ignore
  const movingGrid = new Grid([5, 5, 5], [-2, 0, 0, 9, 0, 2, 0, 0, 0, 0, 2, 0, 0, 0, 0, 1]);
  const data = Float32Array.from({ length: 125 }, (_, i) => 2 * (4 - i % 5));
  const raster = sliceRaster(grid, "axial", [4, 4, 4], 2);
  const values = new SliceValues({ fixed: ramp, moving: { grid: movingGrid, data } }, raster);
  // Columns run from the patient's right (x = 8) to the left (x = 0).
  assertEquals([...values.fixed!.subarray(0, 5)], [8, 6, 4, 2, 0]);
  const moving = [...values.moving(true)!.subarray(0, 5)];
  assertEquals(moving.slice(0, 4), [7, 5, 3, 1]);
  // Half a voxel beyond the first voxel's centre is still in its voxel.
  assertEquals(moving[4], 0);
});

Deno.test("SliceValues is NaN outside the moving image", () => {
  const far = Grid.axisAligned([5, 5, 5], [2, 2, 2], [100, 0, 0]);
  const raster = sliceRaster(grid, "coronal", [4, 4, 4], 2);
  const values = new SliceValues({ fixed: ramp, moving: { grid: far, data: ramp.data } }, raster);
  assertEquals(values.moving(false)!.every(Number.isNaN), true);
});

Deno.test("SliceValues.positions() leaves out the rigid part", () => {
  const zero = new Float32Array(125);
  // The whole map moves by (3, 1, 0); its rigid part by (3, 0, 0).
  const field = {
    grid,
    components: [zero.map(() => 3), zero.map(() => 1), zero] as const,
  };
  const rigid = IDENTITY.map((value, i) => i === 3 ? 3 : value);
  const raster = sliceRaster(grid, "axial", [4, 4, 4], 2);
  const result = { warped: ramp, jacobian: ramp, field, rigid };
  const [x, y, z] = new SliceValues({ fixed: ramp, moving: ramp, result }, raster).positions(true)!;
  // The first pixel is at (8, 8, 4).
  assertAlmostEquals(x[0], 8, 1e-5);
  assertAlmostEquals(y[0], 9, 1e-5);
  assertAlmostEquals(z[0], 4, 1e-5);
});

Deno.test("stepThrough() goes towards right, front and head in every orientation, and stays inside", () => {
  // Stored as z, x, y with x from right to left.
  // deno-fmt-ignore
  const turned = new Grid([4, 5, 6], [0, -2, 0, 8, 0, 0, 2, 0, 3, 0, 0, 0, 0, 0, 0, 1]);
  assertEquals(stepThrough(turned, [4, 4, 3], 0, 1), [6, 4, 3]);
  assertEquals(stepThrough(turned, [4, 4, 3], 1, 2), [4, 8, 3]);
  assertEquals(stepThrough(turned, [4, 4, 3], 2, 1), [4, 4, 6]);
  assertEquals(stepThrough(turned, [4, 4, 3], 2, 100), [4, 4, 9]);
});

Deno.test("valueAt() is the nearest voxel's value, and undefined outside", () => {
  assertEquals(valueAt(ramp, [6.9, 0, 0]), 6);
  assertEquals(valueAt(ramp, [10, 0, 0]), undefined);
});
