/**
 * The displacements of the control points at one resolution level, and their conversion to the next level
 * and to the result.
 *
 * @module
 */

import { multiply } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import {
  type ControlGridGeometry,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import type { ControlGrid } from "../transform.ts";
import { worldControlGrid } from "../world_control_grid.ts";
import { linearFromSpline, refineSpline } from "./spline_displacements.ts";

/** The displacements at one resolution level. */
export interface LevelDisplacements {
  /** The control grid over the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The working grid. */
  readonly grid: Grid;
  /**
   * Displacements in mm along the grid's axes, one vec4 (x, y, z, 0) per control point; the coefficients of a
   * spline if the interpolation is cubic.
   */
  readonly displacements: Float32Array;
}

/**
 * The displacements at the control points of a finer level, by the interpolation between the coarse ones.
 *
 * @param geometry - The finer control grid, of the same interpolation.
 * @param grid - The finer working grid.
 */
export function prolongDisplacements(
  coarse: LevelDisplacements,
  geometry: ControlGridGeometry,
  grid: Grid,
): Float32Array {
  if (geometry.interpolation === "cubic") return refineSpline(coarse, geometry, grid);
  const { size, stride } = coarse.geometry;
  const fine = new Float32Array(4 * controlPoints(geometry));
  // Both working grids share axes and end points: positions differ by one factor per axis.
  const position = (axis: number, k: number) => {
    const mm = k * geometry.stride[axis] * grid.spacing[axis];
    return Math.min(mm / (stride[axis] * coarse.grid.spacing[axis]), size[axis] - 1);
  };
  const [kx, ky, kz] = geometry.size;
  for (let z = 0, at = 0; z < kz; z++) {
    for (let y = 0; y < ky; y++) {
      for (let x = 0; x < kx; x++, at += 4) {
        const p = [position(0, x), position(1, y), position(2, z)];
        const cell = p.map((value, axis) => Math.min(Math.floor(value), size[axis] - 2));
        for (let corner = 0; corner < 8; corner++) {
          const far = [corner & 1, (corner >> 1) & 1, corner >> 2];
          const w = p.map((value, axis) => far[axis] ? value - cell[axis] : 1 - value + cell[axis]);
          const from = 4 * (((cell[2] + far[2]) * size[1] + cell[1] + far[1]) * size[0] +
            cell[0] + far[0]);
          for (let c = 0; c < 3; c++) {
            fine[at + c] += w[0] * w[1] * w[2] * coarse.displacements[from + c];
          }
        }
      }
    }
  }
  return fine;
}

/**
 * The control grid of a result: the displacements along the grid's axes become RAS mm. It is always linear;
 * a spline is sampled on a denser grid.
 */
export function toControlGrid(level: LevelDisplacements): ControlGrid {
  const { geometry, grid } = level;
  const linear = geometry.interpolation === "cubic" ? linearFromSpline(level) : undefined;
  const { size, stride } = linear ?? geometry;
  const { displacements } = linear ?? level;
  const [hx, hy, hz] = grid.spacing;
  const [sx, sy, sz] = stride;
  return worldControlGrid({
    size,
    affine: multiply(grid.affine, [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, sz, 0, 0, 0, 0, 1]),
    axes: multiply(
      grid.affine,
      [1 / hx, 0, 0, 0, 0, 1 / hy, 0, 0, 0, 0, 1 / hz, 0, 0, 0, 0, 1],
    ),
    displacement: (k) => [displacements[4 * k], displacements[4 * k + 1], displacements[4 * k + 2]],
  });
}
