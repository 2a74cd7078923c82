import { assertEquals } from "@std/assert";
import { Grid } from "../../volume/grid.ts";
import { extentOf, isThinExtent, maskExtent } from "./extent.ts";

const grid = Grid.axisAligned([20, 15, 8], [2, 4, 6]);

Deno.test("extentOf() and maskExtent() give millimetres along the axes", () => {
  assertEquals(extentOf(grid), [40, 60, 48]);
  const mask = new Int32Array(grid.voxels);
  assertEquals(maskExtent(grid, mask), [0, 0, 0]);
  // Two corners of a box of 3 x 5 x 2 voxels.
  mask[4 + 20 * (6 + 15 * 3)] = 1;
  mask[6 + 20 * (10 + 15 * 4)] = 7;
  assertEquals(maskExtent(grid, mask), [6, 20, 12]);
});

Deno.test("isThinExtent() finds stacks along any axis, and no body, region or head", () => {
  for (const extent of [[440, 290, 48], [48, 160, 170], [300, 60, 300]] as const) {
    assertEquals(isThinExtent(extent), true, extent.join());
  }
  for (const extent of [[440, 290, 150], [160, 180, 200], [400, 300, 1800]] as const) {
    assertEquals(isThinExtent(extent), false, extent.join());
  }
});
