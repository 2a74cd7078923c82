import { assertAlmostEquals, assertEquals } from "@std/assert";
import { decode } from "fast-png";
import { Grid } from "../volume/grid.ts";
import { multiply } from "../volume/affine.ts";
import {
  displayWindow,
  mapRaster,
  type Plane,
  sampleSlice,
  slicePoint,
  slicePosition,
  sliceRaster,
} from "./slices.ts";
import { overviewPicture } from "./overview.ts";
import { Picture, textWidth } from "./picture.ts";

Deno.test("slices show the patient's right on the left, front and head up, however stored", () => {
  // A bright voxel at right, front, head: RAS (30, 20, 40).
  const right = Grid.axisAligned([11, 9, 13], [4, 4, 4], [-10, -12, -8]);
  const stored = new Grid([13, 11, 9], [0, -4, 0, 30, 0, 0, 4, -12, 4, 0, 0, -8, 0, 0, 0, 1]);
  for (const grid of [right, stored]) {
    const data = new Float32Array(grid.voxels);
    const [nx, ny] = grid.size;
    for (let i = 0; i < data.length; i++) {
      const p = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
      if (Math.hypot(p[0] - 30, p[1] - 20, p[2] - 40) < 1) data[i] = 1;
    }
    for (const plane of ["axial", "coronal", "sagittal"] as Plane[]) {
      const raster = sliceRaster(grid, plane, [30, 20, 40], 4);
      const values = sampleSlice(grid, data, raster);
      assertEquals(values[0], 1, `${plane} of ${grid.size}`);
      assertEquals(values.reduce((sum, v) => sum + v, 0), 1);
    }
  }
});

Deno.test("sliceRaster() makes square millimetres of thick slices", () => {
  const grid = Grid.axisAligned([20, 5, 10], [2, 8, 4]);
  const { width, height } = sliceRaster(grid, "axial", grid.centre, 2);
  assertEquals([width, height], [20, 17]);
});

Deno.test("displayWindow() has a window of its own for CT", () => {
  const ct = Float32Array.from({ length: 1000 }, (_, i) => i < 500 ? -1000 : 60 + i / 5);
  assertEquals(displayWindow(ct), [-400, 350]);
  assertEquals(displayWindow(new Float32Array(10)), [0, 1]);
});

Deno.test("overviewPicture() is a readable PNG, with and without labels", () => {
  const grid = Grid.axisAligned([12, 10, 8], [3, 3, 6]);
  const image = { grid, data: Float32Array.from({ length: grid.voxels }, (_, i) => i % 97) };
  const labels = { grid, data: Int32Array.from(image.data, (v) => v > 80 ? 1 : 0) };
  const jacobian = { grid, data: new Float32Array(grid.voxels).fill(1) };
  const plain = { fixed: image, before: image, after: image };
  for (
    const options of [
      plain,
      { ...plain, fixedLabels: labels, warpedLabels: labels, jacobian, caption: "test" },
    ]
  ) {
    const picture = overviewPicture(options);
    const decoded = decode(picture.toPng());
    assertEquals([decoded.width, decoded.height], [picture.width, picture.height]);
    assertEquals(decoded.data.some((v) => v > 200), true);
  }
});

Deno.test("Picture.text() writes inside its width and never outside the picture", () => {
  const picture = new Picture(20, 10);
  picture.text(0, 0, "I", [255, 255, 255], 1);
  picture.text(18, 8, "W", [255, 255, 255], 2);
  assertEquals(picture.data[3 * 2], 255);
  assertEquals(textWidth("AB", 1), 12);
});

Deno.test("slicePosition() is the pixel of a point, and mapRaster() finds it in another volume", () => {
  const grid = Grid.axisAligned([11, 9, 13], [4, 4, 4], [-10, -12, -8]);
  // From the patient's right (x = 30) 2 pixels to x = 22; from the front (y = 20) 5 pixels to y = 0.
  assertEquals(slicePosition(grid, "axial", [22, 0, 8], 4), [2, 5]);
  const raster = sliceRaster(grid, "axial", [22, 0, 8], 4);
  const other = Grid.axisAligned([5, 5, 5], [2, 2, 2], [18, -4, 4]);
  const { points, width } = mapRaster(raster, multiply(other.inverse, grid.affine));
  const i = 3 * (5 * width + 2);
  // (22, 0, 8) is 4 mm from the first voxel along each axis.
  assertEquals([points[i], points[i + 1], points[i + 2]], [2, 2, 2]);
});

Deno.test("slicePoint() inverts slicePosition(), and keeps the place along the axis through the slice", () => {
  const grid = Grid.axisAligned([11, 9, 13], [4, 4, 4], [-10, -12, -8]);
  assertEquals(slicePoint(grid, "axial", [2, 5], 4, [0, 0, 8]), [22, 0, 8]);
  assertEquals(slicePoint(grid, "sagittal", [1.5, 0], 4, [7, 0, 0]), [7, 14, 40]);
  // deno-fmt-ignore
  const oblique = new Grid([21, 16, 23], [
    -1.9, 0.3, 0.1, 30,
    0.4, 2.1, -0.2, -20,
    0.1, 0.3, -2.8, 33,
    0, 0, 0, 1,
  ]);
  for (const plane of ["axial", "coronal", "sagittal"] as const) {
    const point = slicePoint(oblique, plane, [7.25, -3.5], 1.5, [5, 6, 7]);
    const [column, row] = slicePosition(oblique, plane, point, 1.5);
    assertAlmostEquals(column, 7.25, 1e-9);
    assertAlmostEquals(row, -3.5, 1e-9);
    const moved = slicePoint(oblique, plane, [1, 2], 1.5, point);
    const back = slicePoint(oblique, plane, [7.25, -3.5], 1.5, moved);
    back.forEach((mm, axis) => assertAlmostEquals(mm, point[axis], 1e-9));
  }
});

Deno.test("sampleSlice() is NaN more than half a voxel outside", () => {
  const grid = Grid.axisAligned([2, 1, 1], [1, 1, 1]);
  const points = Float32Array.from([-0.4, 0, 0, 0.5, 0, 0, 1.4, 0, 0, 1.6, 0, 0]);
  const raster = { plane: "axial" as const, width: 4, height: 1, points };
  assertEquals([...sampleSlice(grid, [3, 5], raster)], [3, 4, 5, NaN]);
});
