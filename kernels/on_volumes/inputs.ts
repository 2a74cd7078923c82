/**
 * The common parts of the functions on volumes: they check the images, and hold images on the GPU during
 * one call.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, uploadImage } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { percentiles } from "../image/percentiles.ts";

/** Two images on one grid, and the voxels of them that are compared. */
export interface ImagePair {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image on the fixed image's grid, such as a registration's `warped`. */
  readonly moving: Volume;
  /** The voxels that count, those whose label is not 0, on the same grid. Default all. */
  readonly mask?: LabelVolume | undefined;
}

/** The intensities between which an image is scaled; those beyond are clipped. */
export interface IntensityWindow {
  /** The lower end, in the image's intensities. */
  readonly low: number;
  /** The upper end, above the lower one. */
  readonly high: number;
}

/** The windows of a pair of images; intensities beyond a window are clipped. */
export interface IntensityWindows {
  /** The window of the fixed image. Default the image's 0.5 and 99.5 percentiles. */
  readonly fixedWindow?: IntensityWindow | undefined;
  /** The window of the moving image. Default the image's 0.5 and 99.5 percentiles. */
  readonly movingWindow?: IntensityWindow | undefined;
}

/** The kernels cut images into slabs by a control grid; its stride does not change a result. */
export const SLAB_STRIDE: Triple = [4, 4, 4];

/** Shares of the voxels below the ends of the default window: those of the registrations. */
const WINDOW_SHARES = [0.005, 0.995];

/** Runs the work with resources that are freed when it ends or fails. */
export async function owning<T>(work: (owned: Owned) => Promise<T>): Promise<T> {
  const owned = new Owned();
  try {
    return await work(owned);
  } finally {
    owned.destroy();
  }
}

/**
 * Refuses an image that does not fill its grid or has values that are not finite.
 *
 * @throws {RangeError} which names the image.
 */
export function checkVolume(name: string, { grid, data }: Volume): void {
  if (data.length !== grid.voxels) {
    throw new RangeError(
      `\`${name}\` has ${data.length} values; its grid has ${grid.voxels} voxels`,
    );
  }
  for (const value of data) {
    if (!Number.isFinite(value)) {
      throw new RangeError(`\`${name}\` has a value that is ${value}: all must be finite`);
    }
  }
}

/**
 * Refuses a mask on another grid or without a voxel.
 *
 * @throws {RangeError}
 */
export function checkMask(mask: LabelVolume | undefined, grid: Grid): void {
  if (mask === undefined) return;
  if (!mask.grid.equals(grid) || mask.data.length !== grid.voxels) {
    throw new RangeError("`mask` must be on the image's grid");
  }
  if (!mask.data.some((label) => label !== 0)) {
    throw new RangeError("`mask` is empty: no voxel counts");
  }
}

/**
 * Refuses images that cannot be compared voxel by voxel.
 *
 * @throws {RangeError}
 */
export function checkPair({ fixed, moving, mask }: ImagePair): void {
  checkVolume("fixed", fixed);
  checkVolume("moving", moving);
  if (!moving.grid.equals(fixed.grid)) {
    throw new RangeError(
      "`moving` must be on the grid of `fixed`: pull it there by `applyTransform` first",
    );
  }
  checkMask(mask, fixed.grid);
}

/** The mask as the kernels take it: 1 where a voxel counts, 0 elsewhere. */
export function uploadMask(gpu: Gpu, mask: LabelVolume): GpuImage {
  const { length } = mask.data;
  const data = Float32Array.from({ length }, (_, i) => mask.data[i] !== 0 ? 1 : 0);
  return uploadImage(gpu, "mask", mask.grid.size, data);
}

/**
 * The window that was given, or the default one: the image's 0.5 and 99.5 percentiles inside the mask.
 *
 * @throws {RangeError} when the window has no width.
 */
export async function windowOf(
  gpu: Gpu,
  name: string,
  source: GpuImage,
  mask: GpuImage | undefined,
  given: IntensityWindow | undefined,
): Promise<IntensityWindow> {
  if (given === undefined) {
    const [low, high] = await percentiles(gpu, { source, mask, fractions: WINDOW_SHARES });
    return { low, high };
  }
  const { low, high } = given;
  if (!(high > low && Number.isFinite(low) && Number.isFinite(high))) {
    throw new RangeError(`\`${name}\` must have \`high\` above \`low\`, got ${low} to ${high}`);
  }
  return { low, high };
}
