/**
 * The Jacobian determinants of the evaluation of Learn2Reg: central differences in voxels, without the two outermost
 * voxels on each side (`jacobian_determinant()` in `evaluation/utils.py` of github.com/MDL-UzL/L2R, 8847509).
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { DatasetError } from "./dataset.ts";
import type { VoxelDisplacements } from "./voxel_displacements.ts";

/** Voxels that are left out on each side. */
const BORDER = 2;

/** The inner part of an image, x-fastest. */
export interface InnerPart {
  /** Voxels along each axis. */
  readonly size: Triple;
  /** The index of each voxel in the whole image. */
  readonly indices: Int32Array;
}

/**
 * The part of an image without the two outermost voxels on each side.
 *
 * @throws {DatasetError} when nothing is left.
 */
export function innerPart([nx, ny, nz]: Triple): InnerPart {
  const size: Triple = [nx - 2 * BORDER, ny - 2 * BORDER, nz - 2 * BORDER];
  if (size.some((n) => n < 1)) {
    throw new DatasetError(
      `The displacements have ${nx} x ${ny} x ${nz} voxels. The measures need 5 along each axis.`,
    );
  }
  const indices = new Int32Array(size[0] * size[1] * size[2]);
  for (let z = BORDER, i = 0; z < nz - BORDER; z++) {
    for (let y = BORDER; y < ny - BORDER; y++) {
      for (let x = BORDER; x < nx - BORDER; x++, i++) indices[i] = x + nx * (y + ny * z);
    }
  }
  return { size, indices };
}

/** The determinant of the derivative of x + d(x) at the voxels of the inner part. */
export function voxelJacobian(
  { size: [nx, ny], components: [u, v, w] }: VoxelDisplacements,
  { indices }: InnerPart,
): Float32Array {
  return Float32Array.from(indices, (i) => {
    const along = (d: Float32Array, step: number) => 0.5 * (d[i + step] - d[i - step]);
    const [sy, sz] = [nx, nx * ny];
    const ux = 1 + along(u, 1);
    const uy = along(u, sy);
    const uz = along(u, sz);
    const vx = along(v, 1);
    const vy = 1 + along(v, sy);
    const vz = along(v, sz);
    const wx = along(w, 1);
    const wy = along(w, sy);
    const wz = 1 + along(w, sz);
    return ux * (vy * wz - vz * wy) - uy * (vx * wz - vz * wx) + uz * (vx * wy - vy * wx);
  });
}
