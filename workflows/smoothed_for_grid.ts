/**
 * Smoothing before an image is resampled to larger voxels: without it, a CT of 1 mm would be sampled at single points
 * every 4 mm.
 *
 * @module
 */

import { multiply } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { Volume } from "../volume/volume.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { downloadImage, uploadImage } from "../kernels/gpu/image.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import { gaussianSmooth } from "../kernels/image/gaussian.ts";
import { pyramidSigma } from "../kernels/image/pyramid.ts";

/**
 * An image, smoothed along the axes on which the voxels of another grid are larger, as for a level of the image pyramid
 * ({@link pyramidSigma}). Otherwise it is the image itself.
 */
export async function smoothedForGrid(gpu: Gpu, image: Volume, grid: Grid): Promise<Volume> {
  const sigma = pyramidSigma(multiply(image.grid.inverse, grid.affine));
  if (sigma.every((value) => value === 0)) return image;
  using owned = new Owned();
  const source = owned.add(uploadImage(gpu, "image", image.grid.size, image.data));
  const smooth = owned.add(gaussianSmooth(gpu, { source, sigma }));
  return { grid: image.grid, data: await downloadImage(gpu, smooth) };
}
