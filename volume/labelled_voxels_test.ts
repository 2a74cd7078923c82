import { assertEquals } from "@std/assert";
import { Grid } from "./grid.ts";
import { labelledVoxels } from "./labelled_voxels.ts";

Deno.test("labelledVoxels() counts the labelled voxels inside a box", () => {
  const grid = Grid.axisAligned([10, 4, 3], [2, 2, 2]);
  const data = Int32Array.from({ length: 120 }, (_, i) => i % 10 < 6 ? 58 : 0);
  assertEquals(labelledVoxels({ grid, data }, grid), { labelled: 72, inside: 72 });
  // The box of the other image begins in the middle of the third voxel.
  const right = Grid.axisAligned([10, 4, 3], [2, 2, 2], [5, 0, 0]);
  assertEquals(labelledVoxels({ grid, data }, right), { labelled: 72, inside: 48 });
  // The same box with reversed axes and other voxels.
  const reversed = new Grid([20, 8, 6], [-1, 0, 0, 18.5, 0, -1, 0, 6.5, 0, 0, -1, 4.5, 0, 0, 0, 1]);
  assertEquals(labelledVoxels({ grid, data }, reversed), { labelled: 72, inside: 72 });
  const far = Grid.axisAligned([10, 4, 3], [2, 2, 2], [500, 0, 0]);
  assertEquals(labelledVoxels({ grid, data }, far), { labelled: 72, inside: 0 });
  const none = { grid, data: new Int32Array(120) };
  assertEquals(labelledVoxels(none, grid), { labelled: 0, inside: 0 });
});
