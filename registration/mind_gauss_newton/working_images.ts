/**
 * Both images on one grid, and their Gaussian pyramids, for methods that treat both images equally.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { gaussianSmooth } from "../../kernels/image/gaussian.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { downloadImage, type GpuImage, uploadImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { pyramidLevel } from "../../kernels/image/pyramid.ts";
import { resample } from "../../kernels/image/resample.ts";
import { intensityRange } from "../intensity_range.ts";
import { maskVoxels } from "../mask_voxels.ts";
import { uploadMasked } from "../masked_image.ts";
import { isReduction, isThin, reducedMask, type ReducedMaskOptions } from "../reduced_mask.ts";

/** An image on the working grid or on a level of its pyramid. */
export interface WorkingImage {
  /** The intensities; the border voxels are continued beyond the image. */
  readonly image: GpuImage;
  /** The valid voxels, inside the image and its mask, have values of at least 0.5. */
  readonly mask: GpuImage;
  /** The values of `mask`, x fastest, if the image has a mask of the user. */
  readonly maskValues?: Float32Array | undefined;
  /** Frees both. */
  destroy(): void;
}

/** Options of {@link workingImage}. */
export interface WorkingImageOptions {
  /** The image. */
  readonly source: Volume;
  /** Valid voxels of the image (non-zero), on its grid; all voxels are valid when absent. */
  readonly mask: LabelVolume | undefined;
  /** The mask's name in errors. */
  readonly maskName: string;
  /** The working grid. */
  readonly grid: Grid;
  /** RAS mm of the working grid to RAS mm of the image. */
  readonly matrix: Matrix4;
}

/** An image on the working grid, and its range of intensities inside its mask. */
export async function workingImage(
  gpu: Gpu,
  { source, mask, maskName, grid, matrix }: WorkingImageOptions,
): Promise<WorkingImage & { range: readonly [number, number] }> {
  const { size } = source.grid;
  const valid = mask === undefined
    ? new Float32Array(source.grid.voxels).fill(1)
    : maskVoxels(mask, source.grid, maskName);
  const to = {
    size: grid.size,
    matrix: multiply(source.grid.inverse, multiply(matrix, grid.affine)),
  };
  const owned = new Owned();
  try {
    const validImage = owned.add(uploadImage(gpu, "mask", size, valid));
    const original = owned.add(
      mask === undefined
        ? uploadImage(gpu, "image", size, source.data)
        : uploadMasked(gpu, { grid: source.grid, data: source.data, mask: valid }),
    );
    const range = await intensityRange(gpu, original, mask && validImage);
    const image = owned.add(pyramidLevel(gpu, { source: original, ...to }));
    const inside = owned.add(
      mask !== undefined && isReduction(to.matrix)
        ? uploadReduced(gpu, { mask: { size, data: valid }, ...to })
        : resample(gpu, { source: validImage, ...to, outside: 0 }),
    );
    const maskValues = mask && await downloadImage(gpu, inside);
    return { ...pair(owned.release(image), owned.release(inside)), maskValues, range };
  } finally {
    owned.destroy();
  }
}

/**
 * A level of an image's Gaussian pyramid: smoothed by half a voxel of the level, then resampled.
 *
 * @param grid - The working grid.
 * @param level - The level's grid, with the same end points as the working grid.
 */
export function pyramidImage(gpu: Gpu, whole: WorkingImage, grid: Grid, level: Grid): WorkingImage {
  const factors = level.size.map((n, axis) => n === 1 ? 1 : (grid.size[axis] - 1) / (n - 1));
  const [x, y, z] = factors;
  const to = {
    size: level.size,
    matrix: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1] as Matrix4,
  };
  const owned = new Owned();
  try {
    const smooth = owned.add(gaussianSmooth(gpu, {
      source: whole.image,
      sigma: factors.map((factor) => factor / 2) as unknown as Triple,
    }));
    const image = owned.add(resample(gpu, { source: smooth, ...to }));
    const mask = owned.add(levelMask(gpu, whole, grid, to));
    return pair(owned.release(image), owned.release(mask));
  } finally {
    owned.destroy();
  }
}

/**
 * A mask on the grid of a level. Where voxels become larger, a voxel is valid if any mask voxel in it is. The
 * derivatives of descriptors need valid neighbours, so a thin mask grows.
 */
function levelMask(
  gpu: Gpu,
  { mask, maskValues }: WorkingImage,
  { size: from }: Grid,
  to: { readonly size: Triple; readonly matrix: Matrix4 },
): GpuImage {
  const voxels = maskValues && { size: from, data: maskValues };
  if (voxels === undefined || !(isReduction(to.matrix) || isThin(voxels))) {
    return resample(gpu, { source: mask, ...to });
  }
  return uploadReduced(gpu, { mask: voxels, ...to, isInterpolated: true });
}

function uploadReduced(gpu: Gpu, options: ReducedMaskOptions): GpuImage {
  return uploadImage(gpu, "mask", options.size, Float32Array.from(reducedMask(options)));
}

function pair(image: GpuImage, mask: GpuImage): WorkingImage {
  return { image, mask, destroy: () => [image, mask].forEach((part) => part.destroy()) };
}
