import { assertEquals } from "@std/assert";
import { PLANES, PlaneStack } from "../../kernels/patches/plane_stack.ts";
import { Grid } from "../../volume/grid.ts";
import { reorient } from "../../volume/orientation.ts";
import { naturalPlane, PLANE_NAMES, planeAxes } from "./image_planes.ts";

const grid = Grid.axisAligned([4, 5, 6], [1, 1, 3]);
const image = { grid, data: Float32Array.from({ length: 120 }, (_, i) => i) };

const ORIENTATIONS = ["RAS", "RSA", "ARS", "ASR", "SRA", "SAR"].flatMap((letters) =>
  Array.from(
    { length: 8 },
    (_, flips) =>
      [...letters].map((letter, i) =>
        flips >> i & 1 ? ({ R: "L", A: "P", S: "I" } as Record<string, string>)[letter] : letter
      ).join(""),
  )
);

Deno.test("planeAxes() gives the same planes of all 48 storage orders", () => {
  for (const plane of PLANE_NAMES) {
    assertEquals(planeAxes(grid, plane), PLANES[plane]);
    const stack = new PlaneStack(grid.size, PLANES[plane]);
    const [columns, rows, slices] = stack.extent;
    for (const orientation of ORIENTATIONS) {
      const turned = reorient(image, orientation);
      const same = new PlaneStack(turned.grid.size, planeAxes(turned.grid, plane));
      assertEquals(same.extent, stack.extent, orientation);
      for (let slice = 0; slice < slices; slice++) {
        for (let row = 0; row < rows; row++) {
          for (let column = 0; column < columns; column++) {
            assertEquals(
              turned.data[same.voxel(column, row, slice)],
              image.data[stack.voxel(column, row, slice)],
            );
          }
        }
      }
    }
  }
});

Deno.test("naturalPlane() is across the thickest voxels", () => {
  const of = (...spacing: [number, number, number]) =>
    naturalPlane(Grid.axisAligned([2, 2, 2], spacing));
  assertEquals(of(1, 1, 3), "axial");
  assertEquals(of(1.25, 6, 1.25), "coronal");
  assertEquals(of(3, 1, 1), "sagittal");
  assertEquals(of(1, 1, 1.1), "coronal");
  assertEquals(naturalPlane(reorient(image, "SAR").grid), "axial");
});
