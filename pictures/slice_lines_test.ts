import { assertAlmostEquals, assertEquals } from "@std/assert";
import { multiply } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { mapLines, sampleLines } from "./slice_lines.ts";
import { mapRaster, type Plane, sampleSlice, sliceRaster } from "./slices.ts";

Deno.test("sampleLines() gives values known by hand", () => {
  // 2 x 2 x 2 voxels with the values 0 to 7; a point between four of them, and one outside.
  const values = sampleLines([2, 2, 2], [0, 1, 2, 3, 4, 5, 6, 7], {
    columnAxis: 0,
    rowAxis: 1,
    fixedAxis: 2,
    columns: Float32Array.of(-0.25, 0.5, 1.75),
    rows: Float32Array.of(0.25),
    fixedIndex: 0.5,
  });
  assertEquals([...values], [2.5, 3, NaN]);
});

Deno.test("a slice has the same values by lines and by points, in its volume and in others", () => {
  const grids = [
    Grid.axisAligned([13, 9, 11], [2, 3, 4], [-10, -12, -8]),
    // Stored along other axes: x, y and z follow z, x and y.
    new Grid([11, 13, 9], [0, -2, 0, 14, 0, 0, 3, -12, 4, 0, 0, -8, 0, 0, 0, 1]),
  ];
  for (const grid of grids) {
    const other = new Grid(
      grid.size,
      multiply(grid.affine, [0.8, 0, 0, 1.3, 0, 0.8, 0, -0.7, 0, 0, 1.1, 0.4, 0, 0, 0, 1]),
    );
    const data = Float32Array.from({ length: grid.voxels }, (_, i) => (i * 7919) % 1000 - 300);
    for (const plane of ["axial", "coronal", "sagittal"] as Plane[]) {
      const raster = sliceRaster(grid, plane, grid.world([3.3, 4.6, 5.1]), 0.7);
      const mapped = mapRaster(raster, multiply(other.inverse, grid.affine));
      for (const one of [raster, mapped]) {
        const { width, height, points, lines } = one;
        const byLines = sampleSlice(grid, data, one);
        const byPoints = sampleSlice(grid, data, { plane, width, height, points });
        assertEquals(lines === undefined, false);
        byPoints.forEach((value, i) => {
          assertEquals(Number.isNaN(byLines[i]), Number.isNaN(value));
          if (!Number.isNaN(value)) assertAlmostEquals(byLines[i], value, 1e-3);
        });
      }
    }
  }
});

Deno.test("mapLines() gives no lines in a volume with other axes", () => {
  const grid = Grid.axisAligned([4, 4, 4], [1, 1, 1]);
  const { lines } = sliceRaster(grid, "axial", [1, 1, 1], 1);
  assertEquals(mapLines(lines!, [1, 0.1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), undefined);
});
