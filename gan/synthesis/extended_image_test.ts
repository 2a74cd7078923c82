import { assertEquals } from "@std/assert";
import { PLANES } from "../../kernels/patches/plane_stack.ts";
import { Grid } from "../../volume/grid.ts";
import { ExtendedImage } from "./extended_image.ts";

Deno.test("ExtendedImage repeats the outer voxels, and cuts them off again", () => {
  // 2 x 1 x 2 voxels in coronal planes of at least 4 columns, 3 rows and 1 slice.
  const image = new Float32Array([1, 2, 3, 4]);
  const extended = new ExtendedImage([2, 1, 2], PLANES.coronal, [4, 3, 1]);
  assertEquals([extended.size, extended.isLarger], [[4, 1, 3], true]);
  const values = extended.extend(image);
  assertEquals([...values], [1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
  assertEquals(extended.cut(values), image);
  assertEquals([...extended.extend(image, 0)], [0, 1, 2, 0, 0, 3, 4, 0, 0, 0, 0, 0]);
});

Deno.test("ExtendedImage leaves an image as large as a patch as it is", () => {
  const image = new Float32Array([1, 2, 3, 4]);
  const extended = new ExtendedImage([2, 1, 2], PLANES.axial, [1, 1, 2]);
  assertEquals([extended.size, extended.isLarger], [[2, 1, 2], false]);
  assertEquals(extended.extend(image), image);
});

Deno.test("ExtendedImage keeps the places of the voxels", () => {
  const grid = Grid.axisAligned([2, 2, 2], [2, 3, 4], [10, 20, 30]);
  const extended = new ExtendedImage(grid.size, PLANES.axial, [5, 2, 4]);
  const larger = extended.grid(grid);
  assertEquals(larger.size, [5, 2, 4]);
  assertEquals(larger.world([1, 0, 1]), grid.world([0, 0, 0]));
  assertEquals(larger.world([2, 1, 2]), grid.world([1, 1, 1]));
});
