import { assertAlmostEquals, assertEquals } from "@std/assert";
import { controlGridDisplacementReference, controlGridGeometry } from "./control_grid.ts";

Deno.test("controlGridGeometry() puts the last control point at or beyond the end", () => {
  assertEquals(controlGridGeometry([8, 9, 1], [4, 4, 4]).size, [3, 4, 2]);
});

Deno.test("controlGridGeometry() of a spline has one more control point at either end", () => {
  assertEquals(controlGridGeometry([8, 9, 1], [4, 4, 4], "cubic").size, [5, 6, 4]);
});

Deno.test("controlGridDisplacementReference() of a spline, by hand", () => {
  const geometry = controlGridGeometry([9, 1, 1], [4, 4, 4], "cubic");
  const [kx, ky, kz] = geometry.size;
  const at = (value: (j: number) => number) => {
    const knots = new Float32Array(3 * kx * ky * kz);
    for (let k = 0; k < knots.length / 3; k++) knots[3 * k] = value(k % kx);
    return controlGridDisplacementReference(geometry, knots, [1, 1, 1])[0];
  };
  // The control point 2 is at voxel 4: B(1), B(0) and B(1/2) are 1/6, 2/3 and 23/48.
  const bump = at((j) => j === 2 ? 1 : 0);
  [[0, 1 / 6], [4, 2 / 3], [6, 23 / 48], [8, 1 / 6]].forEach(([x, value]) =>
    assertAlmostEquals(bump[x], value, 1e-7)
  );
  // A spline reproduces linear functions: control point j is at voxel 4 (j - 1).
  at((j) => 4 * (j - 1)).forEach((value, x) => assertAlmostEquals(value, x, 1e-6));
});
