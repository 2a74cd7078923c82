/**
 * Connected parts of a mask, and the air around the body.
 *
 * @module
 */

import type { Triple } from "./affine.ts";

/**
 * Clears the air around the body in a mask of air: the parts that reach the border of an axial slice.
 *
 * @param air - 1 in air, else 0; x fastest, z from the feet to the head.
 */
export function clearOuterAir(air: Uint8Array, [nx, ny, nz]: Triple): void {
  const slice = nx * ny;
  for (let i = 0; i < slice; i++) {
    const x = i % nx;
    const y = Math.floor(i / nx);
    if (x > 0 && y > 0 && x < nx - 1 && y < ny - 1) continue;
    for (let z = 0; z < nz; z++) {
      if (air[z * slice + i]) flood(air, [nx, ny, 1], z * slice, i, 0);
    }
  }
}

/**
 * Gives a number to all voxels of 1 that are connected with the one at `start`; returns their count.
 *
 * @param size - Voxels of the part of the mask that begins at `offset`.
 */
export function flood(
  mask: Uint8Array,
  [nx, ny, nz]: Triple,
  offset: number,
  start: number,
  value: number,
): number {
  return spread(start, [nx, ny, nz], (i) => {
    if (mask[offset + i] !== 1) return false;
    mask[offset + i] = value;
    return true;
  });
}

/**
 * Spreads from a voxel to the six neighbours of each visited voxel.
 *
 * @param visit - Returns true if the voxel is new.
 * @returns The number of new voxels.
 */
export function spread(start: number, [nx, ny, nz]: Triple, visit: (i: number) => boolean): number {
  if (!visit(start)) return 0;
  // A list of numbers would need up to ten times the memory of the mask.
  let left = new Int32Array(1024);
  let waiting = 1;
  left[0] = start;
  let count = 0;
  while (waiting > 0) {
    const i = left[--waiting];
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    count++;
    if (waiting + 6 > left.length) {
      const longer = new Int32Array(2 * left.length);
      longer.set(left);
      left = longer;
    }
    const step = (isInside: boolean, j: number) => {
      if (isInside && visit(j)) left[waiting++] = j;
    };
    step(x > 0, i - 1);
    step(x + 1 < nx, i + 1);
    step(y > 0, i - nx);
    step(y + 1 < ny, i + nx);
    step(z > 0, i - nx * ny);
    step(z + 1 < nz, i + nx * ny);
  }
  return count;
}
