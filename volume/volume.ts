/**
 * Images on the host: intensities and labels with their grid.
 *
 * @module
 */

import type { Grid } from "./grid.ts";

/** An intensity image: `data[(z * ny + y) * nx + x]`, `grid.voxels` values. */
export interface Volume {
  /** The grid of the voxels. */
  readonly grid: Grid;
  /** Intensities, x fastest. */
  readonly data: Float32Array;
}

/** A label image: one whole-number label id per voxel, 0 for background. */
export interface LabelVolume {
  /** The grid of the voxels. */
  readonly grid: Grid;
  /** Label ids, x fastest. */
  readonly data: Int32Array;
}

/**
 * A displacement field: `u(x)` in RAS millimetres on the fixed image's grid; it pulls,
 * `warped(x) = moving(x + u(x))`.
 */
export interface DisplacementField {
  /** The fixed image's grid. */
  readonly grid: Grid;
  /** The x (to the right), y (anterior) and z (superior) components in mm, each `grid.voxels` values, x fastest. */
  readonly components: readonly [Float32Array, Float32Array, Float32Array];
}
