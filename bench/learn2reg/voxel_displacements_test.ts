import { assertAlmostEquals, assertEquals, assertRejects } from "@std/assert";
import { gunzipSync } from "node:zlib";
import { inFolder } from "../../testing/in_folder.ts";
import { Grid } from "../../volume/grid.ts";
import { DatasetError } from "./dataset.ts";
import {
  encodeVoxelDisplacements,
  readVoxelDisplacements,
  voxelDisplacements,
} from "./voxel_displacements.ts";

/** Two voxels of 2 mm along x, whose first voxel is at x = 10 mm. */
const fixedGrid = Grid.axisAligned([2, 1, 1], [2, 2, 2], [10, 0, 0]);
/** Voxels of 4 mm; the first axis runs to the left and begins at x = 22 mm. */
const movingGrid = new Grid([4, 1, 1], [-4, 0, 0, 22, 0, 4, 0, 0, 0, 0, 4, 0, 0, 0, 0, 1]);

const field = {
  grid: fixedGrid,
  components: [
    Float32Array.of(0, 4),
    Float32Array.of(8, 0),
    Float32Array.of(0, -2),
  ] as const,
};

Deno.test("voxelDisplacements() leads from the index of the fixed image to that of the moving one, by hand", () => {
  const { size, components: [u, v, w] } = voxelDisplacements(field, movingGrid);
  assertEquals(size, [2, 1, 1]);
  // Voxel 0 is at x = 10 mm, which is index 3 of the moving image. Voxel 1 is at 12 + 4 mm: index 1.5.
  assertEquals([...u], [3, 0.5]);
  assertEquals([...v], [2, 0]);
  assertEquals([...w], [0, -0.5]);
});

Deno.test("encodeVoxelDisplacements() writes x, y, z, 3 without an intent, which is read back", () =>
  inFolder(async (folder) => {
    const displacements = voxelDisplacements(field, movingGrid);
    const bytes = await encodeVoxelDisplacements(displacements, fixedGrid);
    const plain = gunzipSync(bytes);
    const view = new DataView(plain.buffer, plain.byteOffset, plain.byteLength);
    // dim, intent_code, datatype and the offset of the voxels, by the NIfTI-1 standard.
    assertEquals([0, 1, 2, 3, 4].map((i) => view.getInt16(40 + 2 * i, true)), [4, 2, 1, 1, 3]);
    assertEquals([view.getInt16(68, true), view.getInt16(70, true)], [0, 16]);
    assertAlmostEquals(view.getFloat32(108, true), 352);
    assertEquals(plain.byteLength, 352 + 4 * 6);
    const stored = [0, 1, 2, 3, 4, 5].map((i) => view.getFloat32(352 + 4 * i, true));
    assertEquals(stored, [3, 0.5, 2, 0, 0, -0.5]);
    const path = `${folder}/disp_0001_0001.nii.gz`;
    await Deno.writeFile(path, bytes);
    const read = await readVoxelDisplacements(path, [2, 1, 1]);
    assertEquals(read.components.map((one) => [...one]), [[3, 0.5], [2, 0], [0, -0.5]]);
    await assertRejects(
      () => readVoxelDisplacements(path, [2, 2, 1]),
      DatasetError,
      "disp_0001_0001.nii.gz is 2 x 1 x 1 x 3, not 2 x 2 x 1 x 3",
    );
  }));
