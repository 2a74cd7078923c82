/**
 * Masks as images that the GPU can use.
 *
 * @module
 */

import type { Grid } from "../volume/grid.ts";
import type { LabelVolume } from "../volume/volume.ts";

/**
 * 1 at every voxel where the mask is not 0, and 0 elsewhere.
 *
 * @param grid - The grid of the image that the mask belongs to.
 * @param name - The mask's name in errors.
 * @throws {RangeError} when the mask lies on another grid or has no voxel.
 */
export function maskVoxels(mask: LabelVolume, grid: Grid, name: string): Float32Array {
  if (!mask.grid.equals(grid, 0.01)) {
    throw new RangeError(
      `\`${name}\` must lie on the same grid as its image; resample it onto that grid`,
    );
  }
  const voxels = new Float32Array(mask.data.length);
  for (let i = 0; i < voxels.length; i++) if (mask.data[i] !== 0) voxels[i] = 1;
  if (!voxels.includes(1)) throw new RangeError(`\`${name}\` is empty: no voxel is non-zero`);
  return voxels;
}
