/**
 * Images whose slices were interpolated linearly to smaller voxels.
 *
 * @module
 */

import { Grid, type Triple, type Volume } from "../volume/mod.ts";
import { smoothOnHost } from "./host_smoothing.ts";
import { Random } from "./random.ts";

/** Options of {@link slicesInterpolated}. */
export interface SlicesInterpolatedOptions {
  /** Number of voxels along each axis. */
  readonly size: Triple;
  /** Size of the voxels, mm. */
  readonly voxel: number;
  /** The axis across the slices. */
  readonly axis: number;
  /** Distance of the slices, voxels. */
  readonly factor: number;
  /** Seed of the values. */
  readonly seed: number;
}

/** A smooth random field in slices, interpolated linearly to all voxels, rounded to whole numbers. */
export function slicesInterpolated(
  { size, voxel, axis, factor, seed }: SlicesInterpolatedOptions,
): Volume {
  const thick = size.map((n, a) => a === axis ? Math.ceil(n / factor) + 2 : n) as unknown as Triple;
  const random = new Random(seed, 7);
  const slices = smoothOnHost(
    Float32Array.from({ length: thick[0] * thick[1] * thick[2] }, () => random.normal()),
    thick,
    [0.7, 0.7, 0.7],
  );
  const strides = [1, thick[0], thick[0] * thick[1]];
  const grid = Grid.axisAligned(size, [voxel, voxel, voxel]);
  const data = Float32Array.from({ length: grid.voxels }, (_, i) => {
    const at = [
      i % size[0],
      Math.floor(i / size[0]) % size[1],
      Math.floor(i / (size[0] * size[1])),
    ];
    const place = (at[axis] + 0.4) / factor;
    at[axis] = Math.floor(place);
    const first = at.reduce((sum, k, a) => sum + k * strides[a], 0);
    const share = place - Math.floor(place);
    const value = slices[first] * (1 - share) + slices[first + strides[axis]] * share;
    return Math.round(1000 * value);
  });
  return { grid, data };
}
