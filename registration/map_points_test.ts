import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { IDENTITY, type Matrix4, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { random } from "../testing/random.ts";
import { mapPoints } from "./map_points.ts";
import type { Transform } from "./transform.ts";

/** A quarter turn about z, then 10 mm to the right: (x, y, z) to (10 - y, x, z). */
const TURN: Matrix4 = [0, -1, 0, 10, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/** Control points at 0 and 10 mm along each axis; u is (0, 0, 0), and (0, 4, 0) at the control points with x = 10. */
function sheared(rigid: Matrix4, displacement = 4): Transform {
  const grid = Grid.axisAligned([11, 11, 11], [1, 1, 1]);
  const displacements = new Float32Array(3 * 8);
  for (let k = 1; k < 8; k += 2) displacements[3 * k + 1] = displacement;
  const affine = [10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1];
  const controlGrid = { size: [2, 2, 2] as const, affine, displacements };
  return { rigid, controlGrid, fixedGrid: grid, movingGrid: grid };
}

Deno.test("mapPoints() is rigid(x + u(x)), and the inverse leads back: values by hand", () => {
  const transform = sheared(TURN);
  // u(5, 1, 2) = (0, 2, 0), so the point becomes (5, 3, 2), and the turn makes it (10 - 3, 5, 2).
  const fixed: Triple[] = [[5, 1, 2], [0, 0, 0], [20, 1, 2]];
  const moving: Triple[] = [[7, 5, 2], [10, 0, 0], [5, 20, 2]];
  const forward = mapPoints({ transform, points: fixed });
  forward.points.flat().forEach((v, i) => assertAlmostEquals(v, moving.flat()[i], 1e-6));
  assertEquals(forward.residuals, [0, 0, 0]);
  const back = mapPoints({ transform, points: moving, inverse: true });
  back.points.flat().forEach((v, i) => assertAlmostEquals(v, fixed.flat()[i], 1e-3));
  back.residuals.forEach((residual) => assertLess(residual, 1e-4));
});

Deno.test("mapPoints() inverts a strong deformation, of 3 mm between control points 10 mm apart", () => {
  const size: Triple = [7, 7, 7];
  const next = random(3);
  const displacements = Float32Array.from({ length: 3 * 343 }, () => 6 * (next() - 0.5));
  const affine = [10, 0, 0, -30, 0, 10, 0, -30, 0, 0, 10, -30, 0, 0, 0, 1];
  const grid = Grid.axisAligned([61, 61, 61], [1, 1, 1], [-30, -30, -30]);
  const transform: Transform = {
    rigid: TURN,
    controlGrid: { size, affine, displacements },
    fixedGrid: grid,
    movingGrid: grid,
  };
  const fixed = Array.from(
    { length: 500 },
    (): Triple => [next, next, next].map((draw) => 60 * draw() - 30) as unknown as Triple,
  );
  const { points } = mapPoints({ transform, points: fixed });
  const back = mapPoints({ transform, points, inverse: true });
  let worst = 0;
  back.points.forEach((p, i) =>
    worst = Math.max(worst, Math.hypot(...p.map((v, k) => v - fixed[i][k])))
  );
  assertLess(worst, 0.01);
});

Deno.test("mapPoints() reports the error of a point where the transform folds", () => {
  const grid = Grid.axisAligned([21, 1, 1], [1, 1, 1]);
  // Along x, x + u(x) goes from 0 down to -10 at x = 10 and up to 20 at x = 20. The search for 0.5 ends at x = 0.
  const controlGrid = {
    size: [3, 1, 1] as const,
    affine: [10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 10, 0, 0, 0, 0, 1],
    displacements: new Float32Array([0, 0, 0, -20, 0, 0, 0, 0, 0]),
  };
  const transform = { rigid: IDENTITY, controlGrid, fixedGrid: grid, movingGrid: grid };
  const points: Triple[] = [[0.5, 0, 0], [5, 0, 0]];
  const { residuals } = mapPoints({ transform, points, inverse: true });
  assertAlmostEquals(residuals[0], 0.5, 1e-6);
  // 5 has the one inverse 15.
  assertLess(residuals[1], 1e-4);
});
