/**
 * Both images on one grid, and their Gaussian pyramids, for methods that treat them alike.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { gaussianSmooth } from "../../kernels/image/gaussian.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, uploadImage } from "../../kernels/gpu/image.ts";
import { percentiles } from "../../kernels/image/percentiles.ts";
import { pyramidLevel } from "../../kernels/image/pyramid.ts";
import { resample } from "../../kernels/image/resample.ts";

/** An image on the working grid or on a level of its pyramid. */
export interface WorkingImage {
  /** Intensities, the border continued. */
  readonly image: GpuImage;
  /** At least one half where they count: inside the image and its mask. */
  readonly mask: GpuImage;
  /** Frees both. */
  destroy(): void;
}

/** What {@link workingImage} puts on a grid. */
export interface WorkingImageOptions {
  /** The image. */
  readonly source: Volume;
  /** Voxels of it that count (non-zero), on its grid; all when absent. */
  readonly mask: LabelVolume | undefined;
  /** The mask's name in errors. */
  readonly maskName: string;
  /** The working grid. */
  readonly grid: Grid;
  /** RAS mm of the working grid to RAS mm of the image. */
  readonly matrix: Matrix4;
  /** Fractions at which the image's percentiles are wanted. */
  readonly fractions: readonly [number, number];
}

/** An image on the working grid, and its percentiles inside its mask. */
export async function workingImage(
  gpu: Gpu,
  { source, mask, maskName, grid, matrix, fractions }: WorkingImageOptions,
): Promise<WorkingImage & { range: readonly [number, number] }> {
  const { size } = source.grid;
  if (mask !== undefined && !mask.grid.equals(source.grid, 0.01)) {
    throw new RangeError(
      `\`${maskName}\` must lie on the same grid as its image; resample it onto that grid`,
    );
  }
  const counts = mask === undefined
    ? new Float32Array(source.grid.voxels).fill(1)
    : Float32Array.from(mask.data, (label) => label !== 0 ? 1 : 0);
  if (!counts.includes(1)) throw new RangeError(`\`${maskName}\` is empty: no voxel is non-zero`);
  const to = {
    size: grid.size,
    matrix: multiply(source.grid.inverse, multiply(matrix, grid.affine)),
  };
  const owned: GpuImage[] = [];
  const own = (image: GpuImage) => (owned.push(image), image);
  try {
    const whole = own(uploadImage(gpu, "mask", size, counts));
    const original = own(uploadImage(gpu, "image", size, source.data));
    const [low, high] = await percentiles(gpu, {
      source: original,
      fractions,
      mask: mask === undefined ? undefined : whole,
    });
    const image = own(pyramidLevel(gpu, { source: original, ...to }));
    const inside = resample(gpu, { source: whole, ...to, outside: 0 });
    owned.pop(); // the caller's now
    return { ...pair(image, inside), range: [low, high] };
  } finally {
    owned.forEach((one) => one.destroy());
  }
}

/**
 * A level of an image's Gaussian pyramid: smoothed by half a voxel of the level, then resampled.
 *
 * @param grid - The working grid.
 * @param level - The level's, end points on end points.
 */
export function pyramidImage(gpu: Gpu, whole: WorkingImage, grid: Grid, level: Grid): WorkingImage {
  const factors = level.size.map((n, axis) => n === 1 ? 1 : (grid.size[axis] - 1) / (n - 1));
  const smooth = gaussianSmooth(gpu, {
    source: whole.image,
    sigma: factors.map((factor) => factor / 2) as unknown as Triple,
  });
  const [x, y, z] = factors;
  const to = {
    size: level.size,
    matrix: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1] as Matrix4,
  };
  const result = pair(
    resample(gpu, { source: smooth, ...to }),
    resample(gpu, { source: whole.mask, ...to }),
  );
  smooth.destroy();
  return result;
}

function pair(image: GpuImage, mask: GpuImage): WorkingImage {
  return { image, mask, destroy: () => [image, mask].forEach((one) => one.destroy()) };
}
