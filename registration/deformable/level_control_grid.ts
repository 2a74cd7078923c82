/**
 * Control points' displacements at one resolution: carried on to the next, and turned into a result.
 *
 * @module
 */

import { multiply, transformVector } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import {
  type ControlGridGeometry,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import type { ControlGrid } from "../transform.ts";

/** Displacements at one resolution. */
export interface LevelKnots {
  /** Where the control points lie on the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The working grid. */
  readonly grid: Grid;
  /** Displacements in mm along the grid's axes, one vec4 (x, y, z, 0) a control point. */
  readonly values: Float32Array;
}

/** Coarse displacements at the control points of the next level, linear between the coarse ones. */
export function prolong(
  coarse: LevelKnots,
  geometry: ControlGridGeometry,
  grid: Grid,
): Float32Array {
  const { size, stride } = coarse.geometry;
  const fine = new Float32Array(4 * controlPoints(geometry));
  // Both working grids share axes and end points: positions differ by a factor an axis.
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
            fine[at + c] += w[0] * w[1] * w[2] * coarse.values[from + c];
          }
        }
      }
    }
  }
  return fine;
}

/** Displacements along the grid's axes become RAS mm. */
export function toControlGrid({ geometry, grid, values }: LevelKnots): ControlGrid {
  const h = grid.spacing;
  const [sx, sy, sz] = geometry.stride;
  const direction = multiply(grid.affine, [
    1 / h[0],
    0,
    0,
    0,
    0,
    1 / h[1],
    0,
    0,
    0,
    0,
    1 / h[2],
    0,
    0,
    0,
    0,
    1,
  ]);
  const displacements = new Float32Array(values.length / 4 * 3);
  for (let k = 0; k < values.length / 4; k++) {
    displacements.set(
      transformVector(direction, [values[4 * k], values[4 * k + 1], values[4 * k + 2]]),
      3 * k,
    );
  }
  return {
    size: geometry.size,
    affine: multiply(grid.affine, [sx, 0, 0, 0, 0, sy, 0, 0, 0, 0, sz, 0, 0, 0, 0, 1]),
    displacements,
  };
}
