/**
 * The memory that a registration or a synthesis needs in the browser, checked before it starts.
 *
 * @module
 */

import type { Grid } from "../volume/grid.ts";

/** Arrays of 4 bytes per voxel of the fixed grid: images, results and their copies in the page and in the worker. */
const FIXED_ARRAYS = 16;
/** The same on the moving grid; the inverse field is one of them. */
const MOVING_ARRAYS = 6;

/** Arrays of 4 bytes per voxel of a synthesis: images, intensities for the network, sums, and their copies. */
const SYNTHESIS_ARRAYS = 14;
/** Results of the first convolution, in which a generator has its largest results, at one time. */
const LIVE_FEATURES = 6;
/** The minimum number of pixels that pass through a generator together. */
const BATCH_PIXELS = 256 * 256;

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
  return lackOf(bytesNeeded(fixed, moving), deviceMemory, "These images need", "both");
}

/** The parts of a model by which its memory is estimated. */
export interface ModelSize {
  /** Rows and columns of a patch. */
  readonly crop: number;
  /** Filters of the generator's first convolution. */
  readonly filters: number;
  /** The voxel size to which images are resampled for the model, mm; undefined if they are not. */
  readonly voxel?: number | undefined;
}

/** The bytes that a synthesis takes, about. */
export function synthesisBytes(
  { voxels, spacing }: Grid,
  { crop, filters, voxel }: ModelSize,
): number {
  const resampled = voxel === undefined
    ? 0
    : voxels * spacing.reduce((ratio, mm) => ratio * mm / voxel, 1);
  const features = LIVE_FEATURES * Math.max(BATCH_PIXELS, crop ** 2) * filters;
  return 4 * (SYNTHESIS_ARRAYS * Math.max(voxels, resampled) + features);
}

/**
 * The reason why a synthesis does not fit into this computer's memory; undefined if it may fit.
 *
 * @param deviceMemory - The memory that the browser reports, GiB; undefined if it reports none.
 */
export function synthesisMemoryProblem(
  image: Grid,
  model: ModelSize,
  deviceMemory: number | undefined,
): string | undefined {
  return lackOf(synthesisBytes(image, model), deviceMemory, "This synthesis needs", "the image");
}

function lackOf(
  needed: number,
  deviceMemory: number | undefined,
  subject: string,
  what: string,
): string | undefined {
  const available = bytesAvailable(deviceMemory);
  if (available === undefined || needed <= available) return undefined;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  const factor = Math.cbrt(needed / available);
  return `${subject} about ${gib(needed)} of memory, and this computer has about ${
    gib(available)
  } for it. Resample ${what} to voxels that are ${
    factor.toFixed(1)
  } times as large, or use a computer with more memory.`;
}
