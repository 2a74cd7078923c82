import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import { findOutsideObjects, outsideObjectsText } from "./outside_objects.ts";

/** A CT by its HU at each position in mm. */
function ct(grid: Grid, valueAt: (x: number, y: number, z: number) => number) {
  const [nx, ny] = grid.size;
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const [x, y, z] = grid.world([i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))]);
    return valueAt(x, y, z);
  });
  return { grid, data };
}

const SIZE: Triple = [100, 72, 30];
const GRID = Grid.axisAligned(SIZE, [4, 4, 4], [-200, -140, -60]);
const inEllipse = (x: number, y: number, a: number, b: number) => (x / a) ** 2 + (y / b) ** 2 < 1;

/** A chest with lungs, whose back is at y = -100. */
function chest(x: number, y: number): number {
  if (!inEllipse(x, y, 150, 100)) return -1000;
  return inEllipse(x - 70, y, 50, 70) || inEllipse(x + 70, y, 50, 70) ? -850 : 40;
}

Deno.test("findOutsideObjects() finds a table that touches the body, and keeps the lungs", () => {
  // A plate of one voxel, 320 mm wide, directly below the back.
  const isTable = (x: number, y: number) => y === -100 && x >= -160 && x < 160;
  const image = ct(GRID, (x, y) => isTable(x, y) ? 150 : chest(x, y));
  const { mask, millilitres } = findOutsideObjects(image)!;
  const at = (point: Triple) => {
    const [i, j, k] = point.map((mm, axis) => Math.round((mm - GRID.affine[4 * axis + 3]) / 4));
    return mask.data[(k * SIZE[1] + j) * SIZE[0] + i];
  };
  assertEquals([at([70, 0, 0]), at([-70, 0, 0]), at([0, 0, 0])], [1, 1, 1], "lungs and middle");
  assertEquals(at([0, 100, 0]), 1, "the skin");
  assertEquals([at([-156, -100, 0]), at([156, -100, 0])], [0, 0], "the ends of the table");
  // The table under the back is in the surroundings of the body. It has 80 columns of 30 voxels of 0.064 ml.
  assert(millilitres > 40 && millilitres < 80 * 30 * 0.064, `${millilitres} ml`);
});

Deno.test("findOutsideObjects() measures an object away from the body exactly, in every orientation", () => {
  // 10 x 3 x 30 voxels of 0.064 ml, 60 mm below the back.
  const isTable = (x: number, y: number) => x >= -20 && x < 20 && y >= -138 && y < -126;
  const value = (x: number, y: number) => isTable(x, y) ? 300 : chest(x, y);
  const expected = 10 * 3 * 30 * 0.064;
  const axial = findOutsideObjects(ct(GRID, value))!;
  assertAlmostEquals(axial.millilitres, expected, 1e-9);
  // The first axis from feet to head, the second from right to left, the third from front to back.
  // deno-fmt-ignore
  const turned = new Grid([30, 100, 72], [
    0, -4, 0, 196,
    0, 0, -4, 144,
    4, 0, 0, -60,
    0, 0, 0, 1,
  ]);
  assertAlmostEquals(findOutsideObjects(ct(turned, value))!.millilitres, expected, 1e-9);
  assertStringIncludes(outsideObjectsText(axial), "58 ml of objects outside the body");
  assertStringIncludes(outsideObjectsText({ ...axial, millilitres: 1234 }), "1.2 l of");
});

Deno.test("findOutsideObjects() leaves out a hollow table with the air inside it", () => {
  // A shell of about 5 mm around air, 320 mm wide, which touches the back.
  const inTable = (x: number, y: number, by: number) => inEllipse(x, y + 121, 160 - by, 20 - by);
  const image = ct(GRID, (x, y) => {
    const isShell = inTable(x, y, 0) && !inTable(x, y, 5);
    return Math.max(chest(x, y), isShell ? 200 : -1000);
  });
  const { mask } = findOutsideObjects(image)!;
  const at = (x: number, y: number) =>
    mask.data[(15 * SIZE[1] + (y + 140) / 4) * SIZE[0] + (x + 200) / 4];
  assertEquals([at(0, -124), at(100, -120), at(-100, -120)], [0, 0, 0], "the inside of the table");
  assertEquals([at(72, 0), at(-72, 0), at(0, -96)], [1, 1, 1], "the lungs and the back");
});

Deno.test("findOutsideObjects() keeps both legs, and finds nothing where there is nothing", () => {
  const legs = (x: number, y: number) =>
    inEllipse(x - 90, y, 60, 60) || inEllipse(x + 90, y, 50, 50) ? 50 : -1000;
  assertEquals(findOutsideObjects(ct(GRID, legs)), undefined);
  assertEquals(findOutsideObjects(ct(GRID, chest)), undefined);
  assertEquals(findOutsideObjects(ct(GRID, () => -1000)), undefined, "no body");
  // An MR image, with a bright object outside the body.
  const mr = ct(GRID, (x, y) => y < -120 ? 500 : chest(x, y) + 1000);
  assertEquals(findOutsideObjects(mr), undefined);
});

/** An abdomen with a spine. */
const abdomen = (x: number, y: number) =>
  inEllipse(x, y + 60, 20, 20) ? 300 : inEllipse(x, y, 130, 90) ? 40 : -1000;
/** A table, 320 mm wide, 20 mm below the back. */
const isPlate = (x: number, y: number) => y >= -116 && y < -108 && Math.abs(x) <= 160;

Deno.test("findOutsideObjects() keeps arms beside the body, in thick slices, too", () => {
  const isArm = (x: number, y: number) => inEllipse(Math.abs(x) - 168, y + 20, 27, 27);
  // 81 columns of the plate; 2 rows of 0.064 ml in 30 slices, or 0.32 ml in 3.
  for (const grid of [GRID, Grid.axisAligned([100, 72, 3], [4, 4, 20], [-200, -140, -20])]) {
    const image = ct(
      grid,
      (x, y) => isArm(x, y) ? 40 : isPlate(x, y) ? 150 : abdomen(x, y),
    );
    const { mask, millilitres } = findOutsideObjects(image)!;
    const armOut = image.data.filter((_, i) => {
      const [x, y] = grid.world([i % 100, Math.floor(i / 100) % 72, 0]);
      return isArm(x, y) && mask.data[i] === 0;
    });
    assertEquals(armOut.length, 0);
    const slice = 4 * 4 * grid.spacing[2] / 1000;
    assertAlmostEquals(millilitres, 81 * 2 * grid.size[2] * slice, 1e-9);
  }
});

Deno.test("findOutsideObjects() finds nothing if a lung reaches the border of the image", () => {
  // The field of view of a heart, 160 x 140 mm, with a vessel in each 23rd voxel of the lungs.
  const grid = Grid.axisAligned([40, 35, 30], [4, 4, 4], [-80, -110, -60]);
  const image = ct(grid, (x, y) => inEllipse(x, y + 60, 20, 20) ? 300 : chest(x, y));
  for (let i = 0; i < image.data.length; i += 23) {
    if (image.data[i] === -850) image.data[i] = 0;
  }
  assertEquals(findOutsideObjects(image), undefined);
});
