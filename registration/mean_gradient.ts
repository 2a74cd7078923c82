/**
 * The mean gradient of an image, which the measures of the verdict take for the gradient of noise.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";

/** Every so many-th voxel along each axis counts in an image of so many voxels, so that about `most` count. */
export function strideOf(voxels: number, most: number = 1_500_000): number {
  return Math.max(1, Math.ceil(Math.cbrt(voxels / most)));
}

/**
 * The square of the mean length of an image's gradient, in intensities per two voxels.
 *
 * @param step - Every so many-th voxel along each axis counts.
 * @param valid - 0 at the voxels that do not count. Default: all count.
 */
export function meanSquaredGradient(
  [nx, ny, nz]: Triple,
  data: Float32Array,
  step: number,
  valid?: Uint8Array,
): number {
  const plane = nx * ny;
  let sum = 0;
  let count = 0;
  for (let z = 1; z < nz - 1; z += step) {
    for (let y = 1; y < ny - 1; y += step) {
      for (let x = 1; x < nx - 1; x += step) {
        const i = (z * ny + y) * nx + x;
        if (valid?.[i] === 0) continue;
        const dx = data[i + 1] - data[i - 1];
        const dy = data[i + nx] - data[i - nx];
        const dz = data[i + plane] - data[i - plane];
        sum += Math.sqrt(dx * dx + dy * dy + dz * dz);
        count++;
      }
    }
  }
  return (sum / Math.max(1, count)) ** 2 + 1e-30;
}
