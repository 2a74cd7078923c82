/**
 * The position of labels: how many of them lie inside an image.
 *
 * @module
 */

import { multiply } from "./affine.ts";
import type { Grid } from "./grid.ts";
import type { LabelVolume } from "./volume.ts";

/** Numbers of labelled voxels. */
export interface LabelledVoxels {
  /** Voxels whose label is not 0. */
  readonly labelled: number;
  /** Those of them whose centre lies inside the box of the image. */
  readonly inside: number;
}

/**
 * Counts the labelled voxels that lie inside an image.
 *
 * @param grid - The grid of the image; its box ends half a voxel beyond the outermost voxel centres.
 */
export function labelledVoxels({ grid: own, data }: LabelVolume, grid: Grid): LabelledVoxels {
  const m = multiply(grid.inverse, own.affine);
  const [nx, ny, nz] = own.size;
  const [mx, my, mz] = grid.size.map((n) => n - 0.5);
  let labelled = 0;
  let inside = 0;
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        if (data[i] === 0) continue;
        labelled++;
        const px = m[0] * x + m[1] * y + m[2] * z + m[3];
        const py = m[4] * x + m[5] * y + m[6] * z + m[7];
        const pz = m[8] * x + m[9] * y + m[10] * z + m[11];
        if (px >= -0.5 && py >= -0.5 && pz >= -0.5 && px <= mx && py <= my && pz <= mz) inside++;
      }
    }
  }
  return { labelled, inside };
}
