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
/** The largest values that browsers report, GiB: a computer with more memory reports one of them, too. */
const REPORTED_MAXIMA = [8, 32];

/**
 * The bytes that the work may take; undefined if the memory of this computer is not known.
 *
 * @param deviceMemory - The memory that the browser reports, GiB; undefined if it reports none.
 */
export function bytesAvailable(deviceMemory: number | undefined): number | undefined {
  if (deviceMemory === undefined || REPORTED_MAXIMA.includes(deviceMemory)) return undefined;
  return SHARE * deviceMemory * 2 ** 30;
}

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
  const available = bytesAvailable(deviceMemory);
  const needed = bytesNeeded(fixed, moving);
  if (available === undefined || needed <= available) return undefined;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const factor = Math.cbrt(needed / available);
  return `These images need about ${gib(needed)} of memory, and this computer has about ${
    gib(available)
  } for them. Resample both to voxels that are ${
    factor.toFixed(1)
  } times as large, or use a computer with more memory.`;
}
