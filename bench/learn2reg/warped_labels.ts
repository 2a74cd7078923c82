/**
 * Labels warped as the evaluation of Learn2Reg does: `scipy.ndimage.map_coordinates()` with order 0.
 *
 * @module
 */

import type { LabelVolume } from "../../volume/volume.ts";
import type { VoxelDisplacements } from "./voxel_displacements.ts";

/**
 * The labels of the moving image on the fixed grid. A voxel has the label at its displaced index, rounded to the
 * nearest voxel (a half to the larger one), and 0 if an index is below 0 or above the last one before rounding.
 */
export function warpedLabels(
  moving: LabelVolume,
  { size: [nx, ny, nz], components: [dx, dy, dz] }: VoxelDisplacements,
): Int32Array {
  const [mx, my, mz] = moving.grid.size;
  const out = new Int32Array(nx * ny * nz);
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const px = x + dx[i];
        const py = y + dy[i];
        const pz = z + dz[i];
        if (!(px >= 0 && px <= mx - 1 && py >= 0 && py <= my - 1 && pz >= 0 && pz <= mz - 1)) {
          continue;
        }
        out[i] = moving.data[
          Math.floor(px + 0.5) + mx * (Math.floor(py + 0.5) + my * Math.floor(pz + 0.5))
        ];
      }
    }
  }
  return out;
}
