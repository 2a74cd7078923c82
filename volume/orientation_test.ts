import { assertEquals, assertThrows } from "@std/assert";
import { transformPoint, type Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import { nearestAxes, orientationOf, reorient } from "./orientation.ts";

const ORIENTATIONS = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]].flatMap(
  (order) =>
    Array.from(
      { length: 8 },
      (_, flips) => order.map((world, i) => ["RL", "AP", "SI"][world][flips >> i & 1]).join(""),
    ),
);

/** A tilted grid, nearest to RAS, and an image on it with no two voxels alike. */
// deno-fmt-ignore
const grid = new Grid([4, 3, 2], [
  0.98, -0.15, 0.6, -5,
  0.17, 1.2, -0.4, 7,
  -0.1, 0.1, 2.9, 11,
  0, 0, 0, 1,
]);
const image = { grid, data: Float32Array.from({ length: 24 }, (_, i) => i) };

/** Every voxel's value by its place in the world. */
function places({ grid, data }: { grid: Grid; data: ArrayLike<number> }): Map<string, number> {
  const [nx, ny, nz] = grid.size;
  const map = new Map<string, number>();
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        map.set(grid.world([x, y, z]).map((v) => v.toFixed(6)).join(" "), data[i]);
      }
    }
  }
  return map;
}

Deno.test("reorient() leaves every voxel at its place, towards all 48 orientations and back", () => {
  assertEquals(new Set(ORIENTATIONS).size, 48);
  const before = places(image);
  for (const orientation of ORIENTATIONS) {
    const turned = reorient(image, orientation);
    assertEquals(orientationOf(turned.grid), orientation);
    assertEquals(places(turned), before, orientation);
    const back = reorient(turned);
    assertEquals(back.data, image.data);
    assertEquals(back.grid.equals(grid, 1e-9), true);
  }
});

Deno.test("reorient() keeps labels whole numbers and fields in RAS millimetres", () => {
  const labels = reorient({ grid, data: Int32Array.from(image.data) }, "PIR");
  assertEquals(labels.data instanceof Int32Array, true);
  assertEquals([...labels.data], [...reorient(image, "PIR").data]);
  const components = [0, 1, 2].map((k) => image.data.map((v) => v + 100 * k));
  const field = { grid, components: [components[0], components[1], components[2]] as const };
  const turned = reorient(field, "PIR");
  components.forEach((data, k) =>
    assertEquals(turned.components[k], reorient({ grid, data }, "PIR").data)
  );
});

Deno.test("nearestAxes() takes every voxel axis once, even of an image turned by half a right angle", () => {
  const c = Math.SQRT1_2;
  const axes = (rows: number[]) =>
    nearestAxes(new Grid([2, 2, 2], [...rows, 0, 0, 0, 1])).map(({ axis, sign }) =>
      sign * (axis + 1)
    );
  assertEquals(axes([c, -c, 0, 0, c, c, 0, 0, 0, 0, 1, 0]), [1, 2, 3]);
  // Rounding does not decide between equals.
  const more = c + 1e-15;
  assertEquals(axes([c, -more, 0, 0, more, c, 0, 0, 0, 0, 1, 0]), [1, 2, 3]);
  assertEquals(axes([0, 0, -3, 0, -0.5, 0, 0, 0, 0, 1, 0, 0]), [-3, -1, 2]);
});

Deno.test("reorient() refuses what is no orientation", () => {
  for (const wrong of ["", "RA", "RAA", "RAX", "ras", "RASR", "RLS"]) {
    assertThrows(() => reorient(image, wrong), RangeError, "`orientation`");
  }
});

Deno.test("a turned grid's matrix is the old one's of the turned index", () => {
  const turned = reorient(image, "LPS").grid;
  const [a, b]: Triple[] = [turned.world([0, 0, 1]), transformPoint(grid.affine, [3, 2, 1])];
  assertEquals(a.map((v) => v.toFixed(9)), b.map((v) => v.toFixed(9)));
});
