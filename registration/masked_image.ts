/**
 * Masked images on the GPU, without the values that lie outside their masks.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { type GpuImage, imageBytes, uploadImage } from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import { continueBeyondMask, meanInside } from "../kernels/image/beyond_mask.ts";

/** Options of {@link uploadMasked}. */
export interface MaskedImageOptions {
  /** The grid of the image and its mask. */
  readonly grid: Grid;
  /** The intensities. */
  readonly data: Float32Array;
  /** Valid voxels have 1, all others 0. */
  readonly mask: Float32Array | Int32Array;
}

/** The maximum of GPU memory that {@link uploadMasked} takes at once. A test compares it with what is taken. */
export function maskedUploadBytes(size: Triple): number {
  return 8 * imageBytes(size);
}

/**
 * An image on the GPU that is continued beyond its mask, so that a pyramid of it depends on no voxel outside. The
 * caller destroys it.
 */
export function uploadMasked(
  gpu: Gpu,
  { grid: { size }, data, mask }: MaskedImageOptions,
): GpuImage {
  const owned = new Owned();
  try {
    return continueBeyondMask(gpu, {
      image: owned.add(uploadImage(gpu, "image", size, data)),
      mask: owned.add(uploadImage(gpu, "mask", size, new Float32Array(mask))),
      farValue: meanInside(data, mask),
    });
  } finally {
    owned.destroy();
  }
}
