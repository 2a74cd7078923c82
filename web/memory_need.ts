/**
 * The memory that a registration needs in the browser, checked before it starts.
 *
 * @module
 */

import type { Grid } from "../volume/grid.ts";

/** Arrays of 4 bytes per voxel of the fixed grid: images, results and their copies in the page and in the worker. */
const FIXED_ARRAYS = 16;
/** The same on the moving grid; the inverse field is one of them. */
const MOVING_ARRAYS = 6;

/** The share of the memory of this computer that the page may take. */
const SHARE = 0.8;
/** Browsers report no more than this, GiB: a computer with more memory is not known. */
const REPORTED_MAXIMUM = 8;

/** The bytes that a registration of two images takes, about. */
export function bytesNeeded(fixed: Grid, moving: Grid): number {
  return 4 * (FIXED_ARRAYS * fixed.voxels + MOVING_ARRAYS * moving.voxels);
}

/**
 * The reason why a registration does not fit into this computer's memory; undefined if it may fit.
 *
 * @param deviceMemory - The memory that the browser reports, GiB; undefined if it reports none.
 */
export function memoryProblem(
  fixed: Grid,
  moving: Grid,
  deviceMemory: number | undefined,
): string | undefined {
  if (deviceMemory === undefined || deviceMemory >= REPORTED_MAXIMUM) return undefined;
  const needed = bytesNeeded(fixed, moving);
  const available = SHARE * deviceMemory * 2 ** 30;
  if (needed <= available) return undefined;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const factor = Math.cbrt(needed / available);
  return `These images need about ${gib(needed)} of memory, and this computer has about ${
    gib(available)
  } for them. Resample both to voxels that are ${
    factor.toFixed(1)
  } times as large, or use a computer with more memory.`;
}
