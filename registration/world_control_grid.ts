/**
 * Control grids with displacements in RAS mm, from displacements along other axes.
 *
 * @module
 */

import { type Matrix4, transformVector, type Triple } from "../volume/affine.ts";
import type { ControlGrid } from "./transform.ts";

/** Options of {@link worldControlGrid}. */
export interface WorldControlGridOptions {
  /** Control points along each axis. */
  readonly size: Triple;
  /** Control-point index to fixed RAS mm. */
  readonly affine: Matrix4;
  /** Matrix from the axes of the displacements to RAS mm; only its linear part is used. */
  readonly axes: Matrix4;
  /** The displacement of control point k along these axes. */
  readonly displacement: (k: number) => Triple;
}

/** The control grid with these displacements, turned into RAS mm. */
export function worldControlGrid(
  { size, affine, axes, displacement }: WorldControlGridOptions,
): ControlGrid {
  const count = size[0] * size[1] * size[2];
  const displacements = new Float32Array(3 * count);
  for (let k = 0; k < count; k++) {
    displacements.set(transformVector(axes, displacement(k)), 3 * k);
  }
  return { size, affine, displacements };
}
