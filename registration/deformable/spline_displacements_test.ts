import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";
import { random } from "../../testing/random.ts";
import {
  controlGridDisplacementReference,
  type ControlGridGeometry,
  controlGridGeometry,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import { prolongDisplacements, toControlGrid } from "./level_displacements.ts";
import { linearFromSpline, refineSpline } from "./spline_displacements.ts";

/** Coefficients as one vec4 per control point, a function of the indices. */
function coefficients(
  { size }: ControlGridGeometry,
  value: (x: number, y: number, z: number) => Triple,
): Float32Array {
  const [kx, ky, kz] = size;
  const result = new Float32Array(4 * kx * ky * kz);
  for (let k = 0; k < kx * ky * kz; k++) {
    result.set(value(k % kx, Math.floor(k / kx) % ky, Math.floor(k / (kx * ky))), 4 * k);
  }
  return result;
}

/** The spline at the voxels, by the kernels' twin. */
function atVoxels(geometry: ControlGridGeometry, displacements: Float32Array): Float32Array[] {
  const knots = displacements.filter((_, i) => i % 4 !== 3);
  return controlGridDisplacementReference(geometry, knots, [1, 1, 1]);
}

Deno.test("refineSpline() is exact if the finer control grid contains the coarser one", () => {
  // Voxels of 2 mm and of 1 mm, control points at every fourth one.
  const coarse = {
    grid: Grid.axisAligned([17, 13, 9], [2, 2, 2]),
    geometry: controlGridGeometry([17, 13, 9], [4, 4, 4], "cubic"),
  };
  const grid = Grid.axisAligned([33, 25, 17], [1, 1, 1]);
  const geometry = controlGridGeometry([33, 25, 17], [4, 4, 4], "cubic");
  const next = random(3);
  const displacements = coefficients(coarse.geometry, () => [next(), next(), next()]);
  const fine = refineSpline({ ...coarse, displacements }, geometry, grid);
  const [before, after] = [atVoxels(coarse.geometry, displacements), atVoxels(geometry, fine)];
  for (let c = 0; c < 3; c++) {
    before[c].forEach((value, i) => {
      const [x, y, z] = [2 * (i % 17), 2 * (Math.floor(i / 17) % 13), 2 * Math.floor(i / 221)];
      assertAlmostEquals(after[c][(z * 25 + y) * 33 + x], value, 2e-6);
    });
  }
});

Deno.test("prolongDisplacements() of a spline reproduces polynomials on any control grids", () => {
  const coarse = {
    grid: Grid.axisAligned([20, 15, 12], [3.1, 4, 5]),
    geometry: controlGridGeometry([20, 15, 12], [5, 4, 3], "cubic"),
  };
  const geometry = controlGridGeometry([39, 30, 24], [5, 3, 4], "cubic");
  const grid = Grid.axisAligned([39, 30, 24], [3.1 * 19 / 38, 4 * 14 / 29, 5 * 11 / 23]);
  const to = (k: number, cell: number) => (k - 1) * cell;
  const at = (
    { size, stride }: ControlGridGeometry,
    { spacing }: Grid,
  ) =>
    coefficients({ size, stride } as ControlGridGeometry, (i, j, k) => {
      const [a, b, c] = [0, 1, 2].map((axis) => stride[axis] * spacing[axis]);
      const [x, y, z] = [to(i, a), to(j, b), to(k, c)];
      // The coefficients of x^2 and x^3 are x^2 - h^2 / 3 and x^3 - h^2 x.
      return [0.01 * (x * x - a * a / 3) + y, 1e-4 * (y ** 3 - b * b * y) - 0.3 * z, 7];
    });
  const expected = at(geometry, grid);
  const got = prolongDisplacements(
    { ...coarse, displacements: at(coarse.geometry, coarse.grid) },
    geometry,
    grid,
  );
  got.forEach((value, i) => assertAlmostEquals(value, expected[i], 1e-4));
});

Deno.test("linearFromSpline() approximates a parabola without a mean error, by hand", () => {
  // The coefficients j^2 are the spline (x + 1)^2 + 1/3 for x in cells.
  const geometry = controlGridGeometry([13, 5, 5], [6, 4, 2], "cubic");
  const displacements = coefficients(geometry, (x) => [x * x, 0, 0]);
  const { size, stride, displacements: linear } = linearFromSpline({ geometry, displacements }, 3);
  assertEquals(size, [10, 7, 7]);
  assertEquals(stride, [2, 4 / 3, 1]);
  for (let k = 0; k < 10; k++) {
    // s - h^2 / 12 s'' with h = 1 / 3 and s'' = 2.
    assertAlmostEquals(linear[4 * k], (k / 3 + 1) ** 2 + 1 / 3 - 1 / 54, 1e-5);
  }
});

Deno.test("toControlGrid() of a spline is a linear grid close to it", () => {
  const grid = Grid.axisAligned([48, 36, 24], [2, 2, 2]);
  const geometry = controlGridGeometry(grid.size, [12, 12, 12], "cubic");
  const displacements = coefficients(geometry, (x, y, z) => [
    5 * Math.sin(0.9 * x + 0.4 * y),
    3 * Math.cos(0.8 * z),
    0.5 * x,
  ]);
  const { size, affine, displacements: linear } = toControlGrid({ geometry, grid, displacements });
  assertEquals(affine[0], 8);
  const dense = controlGridGeometry(grid.size, [4, 4, 4]);
  assertEquals(size, dense.size);
  assertEquals(linear.length, 3 * controlPoints(dense));
  const [spline, got] = [
    atVoxels(geometry, displacements),
    controlGridDisplacementReference(dense, linear, [1, 1, 1]),
  ];
  for (let c = 0; c < 3; c++) {
    const errors = spline[c].map((value, i) => Math.abs(value - got[c][i]));
    assertLess(Math.max(...errors), 0.07);
    assertLess(errors.reduce((sum, e) => sum + e, 0) / errors.length, 0.02);
  }
});
