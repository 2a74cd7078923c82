/**
 * Displacements whose control points are the coefficients of a cubic B-spline: their conversion to the next
 * level and to the linear control grid of the result.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { ControlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import { cubicWeights } from "../../kernels/control_grid/cubic_b_spline.ts";
import type { LevelDisplacements } from "./level_displacements.ts";

/**
 * Maximum number of linear cells per cell of the spline along each axis: see docs/validation.md for the
 * error of 2, 3 and 4, and the size of the file.
 */
const LINEAR_CELLS = 3;

/** A value as a sum of four values along an axis, from `first` on. */
interface Row {
  readonly first: number;
  readonly weights: readonly number[];
}

/**
 * The coefficients of a finer level. A coefficient of a cubic spline s of spacing h is s - h^2 / 6 s'' at its
 * control point. Applied to the coarse spline, this is exact if the fine spline can represent the coarse one.
 * Control points beyond the coarse control grid continue the polynomials of its outermost cells.
 *
 * @param geometry - The finer control grid.
 * @param grid - The finer working grid.
 * @returns One vec4 (x, y, z, 0) per control point.
 */
export function refineSpline(
  coarse: LevelDisplacements,
  geometry: ControlGridGeometry,
  grid: Grid,
): Float32Array {
  const rows = geometry.size.map((points, axis) => {
    // Both working grids share axes and end points: positions differ by one factor per axis.
    const ratio = geometry.stride[axis] * grid.spacing[axis] /
      (coarse.geometry.stride[axis] * coarse.grid.spacing[axis]);
    return Array.from(
      { length: points },
      (_, k) => splineRow(coarse.geometry.size[axis] - 3, (k - 1) * ratio, ratio ** 2 / 6),
    );
  });
  return separable(coarse.displacements, coarse.geometry.size, rows);
}

/** Displacements at the control points of a linear control grid. */
export interface LinearDisplacements {
  /** Control points along each axis. */
  readonly size: Triple;
  /** Working voxels from one control point to the next along each axis. */
  readonly stride: Triple;
  /** Displacements in mm along the working grid's axes, one vec4 (x, y, z, 0) per control point. */
  readonly displacements: Float32Array;
}

/**
 * The linear control grid that approximates a spline: three cells per cell of the spline and axis, or one
 * per voxel if these are larger. Its values are s - h^2 / 12 s'' for cells of the length h: linear interpolation
 * of s itself would be larger than s by h^2 / 12 s'' on average.
 */
export function linearFromSpline(
  { geometry, displacements }: Pick<LevelDisplacements, "geometry" | "displacements">,
  maxCells = LINEAR_CELLS,
): LinearDisplacements {
  const cells = geometry.stride.map((stride) => Math.min(maxCells, stride));
  const rows = cells.map((parts, axis) => {
    const cellsOfSpline = geometry.size[axis] - 3;
    return Array.from(
      { length: cellsOfSpline * parts + 1 },
      (_, k) => splineRow(cellsOfSpline, k / parts, 1 / (12 * parts ** 2)),
    );
  });
  return {
    size: rows.map((row) => row.length) as unknown as Triple,
    stride: geometry.stride.map((stride, axis) => stride / cells[axis]) as unknown as Triple,
    displacements: separable(displacements, geometry.size, rows),
  };
}

/** The row of s - share s'' at a position in cells, for a spline of so many cells. */
function splineRow(cells: number, position: number, share: number): Row {
  const first = Math.min(Math.max(Math.floor(position), 0), cells - 1);
  const second = cubicWeights(position - first, 2);
  return {
    first,
    weights: cubicWeights(position - first).map((w, i) => w - share * second[i]),
  };
}

/** Applies the rows of x, y and z, one after the other, to an array of vec4. */
function separable(
  values: Float32Array,
  size: Triple,
  rows: readonly (readonly Row[])[],
): Float32Array {
  let current: ArrayLike<number> = values;
  let inner = 4;
  rows.forEach((alongAxis, axis) => {
    const length = size[axis];
    const outer = current.length / (inner * length);
    const next = new Float64Array(inner * alongAxis.length * outer);
    for (let o = 0, at = 0; o < outer; o++) {
      for (const { first, weights } of alongAxis) {
        for (let i = 0; i < inner; i++, at++) {
          weights.forEach((w, tap) =>
            next[at] += w * current[(o * length + first + tap) * inner + i]
          );
        }
      }
    }
    inner *= alongAxis.length;
    current = next;
  });
  return Float32Array.from(current);
}
