/**
 * The coarse alignment of images of different subjects, before a deformable registration between them.
 *
 * A rigid search fails here: in images of a part of the body it lays lung on lung and the rest anywhere.
 *
 * @module
 */

import { transformPoint, type Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";

/** An image and the voxels that show the body. */
export interface BodyImage {
  /** Grid of the voxels. */
  readonly grid: Grid;
  /** Intensities, x fastest. */
  readonly data: Float32Array;
  /** Voxels with a larger intensity show the body. */
  readonly threshold: number;
}

/** Step between the voxels at which two bodies are compared. */
const STEP = 2;

/**
 * Finds the translation of a moving image that lays its body on that of the fixed image: none, as the files place the
 * images, or the one between the centres of the bodies. The files of different scanners share no origin, and then
 * only the second one makes sense; the one with the larger Dice coefficient of the bodies is taken.
 *
 * @returns The translation of the moving image, RAS mm.
 */
export function alignBodies(fixed: BodyImage, moving: BodyImage): Triple {
  const to = centreOfBody(fixed);
  const from = centreOfBody(moving);
  if (to === undefined || from === undefined) return [0, 0, 0];
  const shift: Triple = [to[0] - from[0], to[1] - from[1], to[2] - from[2]];
  const none: Triple = [0, 0, 0];
  return bodyOverlap(fixed, moving, shift) > bodyOverlap(fixed, moving, none) ? shift : none;
}

/** The same grid, translated by millimetres. */
export function translatedGrid(grid: Grid, shift: Triple): Grid {
  const affine = [...grid.affine];
  shift.forEach((mm, axis) => affine[4 * axis + 3] += mm);
  return new Grid(grid.size, affine);
}

/** The mean position of the body, RAS mm; undefined if no voxel shows it. */
function centreOfBody({ grid, data, threshold }: BodyImage): Triple | undefined {
  const sum = [0, 0, 0];
  let count = 0;
  const [nx, ny] = grid.size;
  for (let i = 0; i < data.length; i++) {
    if (!(data[i] > threshold)) continue;
    sum[0] += i % nx;
    sum[1] += Math.floor(i / nx) % ny;
    sum[2] += Math.floor(i / (nx * ny));
    count++;
  }
  if (count === 0) return undefined;
  return grid.world([sum[0] / count, sum[1] / count, sum[2] / count]);
}

/** Dice coefficient of two bodies, at every second voxel of the fixed image along each axis. */
function bodyOverlap(fixed: BodyImage, moving: BodyImage, shift: Triple): number {
  let both = 0;
  let inFixed = 0;
  let inMoving = 0;
  const [nx, ny, nz] = fixed.grid.size;
  const [mx, my, mz] = moving.grid.size;
  for (let z = 0; z < nz; z += STEP) {
    for (let y = 0; y < ny; y += STEP) {
      for (let x = 0; x < nx; x += STEP) {
        const world = fixed.grid.world([x, y, z]);
        const back: Triple = [world[0] - shift[0], world[1] - shift[1], world[2] - shift[2]];
        const [u, v, w] = transformPoint(moving.grid.inverse, back).map(Math.round);
        const isInside = u >= 0 && u < mx && v >= 0 && v < my && w >= 0 && w < mz;
        const isFixed = fixed.data[(z * ny + y) * nx + x] > fixed.threshold;
        const isMoving = isInside && moving.data[(w * my + v) * mx + u] > moving.threshold;
        if (isFixed) inFixed++;
        if (isMoving) inMoving++;
        if (isFixed && isMoving) both++;
      }
    }
  }
  return inFixed + inMoving === 0 ? 0 : 2 * both / (inFixed + inMoving);
}
