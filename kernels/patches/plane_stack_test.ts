import { assertEquals, assertThrows } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { type PlaneAxes, PLANES, PlaneStack } from "./plane_stack.ts";

const size: Triple = [3, 4, 5];
/** Every voxel holds its index: x + 10 y + 100 z. */
const image = Float32Array.from(
  { length: 60 },
  (_, i) => i % 3 + 10 * (Math.floor(i / 3) % 4) + 100 * Math.floor(i / 12),
);

function plane(axes: PlaneAxes, slice: number, min?: Triple): number[][] {
  const stack = new PlaneStack(size, axes, min);
  const [columns, rows] = stack.extent;
  const values = new Float32Array(columns * rows);
  stack.read(image, { slice, begin: 0, end: rows }, -1, values);
  return Array.from(
    { length: rows },
    (_, row) => [...values.subarray(row * columns, (row + 1) * columns)],
  );
}

Deno.test("PlaneStack reads coronal planes with the highest row first", () => {
  assertEquals(plane(PLANES.coronal, 1), [
    [410, 411, 412],
    [310, 311, 312],
    [210, 211, 212],
    [110, 111, 112],
    [10, 11, 12],
  ]);
});

Deno.test("PlaneStack reads axial planes with the front row first", () => {
  assertEquals(plane(PLANES.axial, 2), [
    [230, 231, 232],
    [220, 221, 222],
    [210, 211, 212],
    [200, 201, 202],
  ]);
});

Deno.test("PlaneStack reads sagittal planes, y along the columns", () => {
  assertEquals(plane(PLANES.sagittal, 2)[0], [402, 412, 422, 432]);
});

Deno.test("PlaneStack walks columns and slices backwards too", () => {
  const axes: PlaneAxes = {
    column: { axis: 0, reversed: true },
    row: { axis: 1, reversed: false },
    slice: { axis: 2, reversed: true },
  };
  assertEquals(plane(axes, 0)[1], [412, 411, 410]);
});

Deno.test("PlaneStack puts axes that are too short in the middle", () => {
  const planes = [0, 1, 2, 3, 4, 5].map((slice) => plane(PLANES.coronal, slice, [6, 1, 6]));
  assertEquals(planes[0].flat(), Array(30).fill(-1));
  assertEquals(planes[1][0], [-1, 400, 401, 402, -1, -1]);
  assertEquals(planes[4][4], [-1, 30, 31, 32, -1, -1]);
  assertEquals(planes[5].flat(), Array(30).fill(-1));
});

Deno.test("PlaneStack.write undoes read, without the margin", () => {
  for (const axes of Object.values(PLANES)) {
    const stack = new PlaneStack(size, axes, [7, 9, 8]);
    const copy = new Float32Array(60);
    const values = new Float32Array(7 * 9);
    for (let slice = 0; slice < 8; slice++) {
      for (const [begin, end] of [[0, 4], [4, 9]]) {
        stack.read(image, { slice, begin, end }, 99, values);
        stack.write(copy, { slice, begin, end }, values);
      }
    }
    assertEquals(copy, image);
  }
});

Deno.test("PlaneStack refuses axes that are not x, y and z", () => {
  const x = { axis: 0, reversed: false } as const;
  const y = { axis: 1, reversed: false } as const;
  assertThrows(
    () => new PlaneStack(size, { column: x, row: y, slice: x }),
    RangeError,
    "`axes` must name each of the voxel axes 0, 1 and 2 once, got column 0, row 1, slice 0",
  );
});
