/**
 * Levels of an image pyramid: the image is smoothed according to the new voxel size, then resampled.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import { gaussianSmooth, gaussianSmoothReference } from "./gaussian.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { GpuImage } from "../gpu/image.ts";
import { resample, type ResampleOptions, resampleReference } from "./resample.ts";

/** Factor of sigma = 0.4 sqrt(f^2 - 1), in source voxels, before voxels become f times larger. */
const SMOOTHING = 0.4;

/**
 * Gaussian sigmas, in source voxels, that keep an image from aliasing on a grid with this
 * output-to-source index matrix: 0.4 sqrt(f^2 - 1) along an axis on which a step of the output moves f
 * voxels; 0 where the output is as fine as the source.
 *
 * @example Usage
 * ```ts
 * import { pyramidSigma } from "./pyramid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(pyramidSigma([1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]), [0, 0, 0]);
 * ```
 */
export function pyramidSigma(matrix: Matrix4): Triple {
  const axis = (row: number) => {
    const factor = Math.hypot(matrix[4 * row], matrix[4 * row + 1], matrix[4 * row + 2]);
    return factor > 1.05 ? SMOOTHING * Math.sqrt(factor * factor - 1) : 0;
  };
  return [axis(0), axis(1), axis(2)];
}

/** The source smoothed by {@link pyramidSigma} and resampled; the caller destroys it. */
export function pyramidLevel(gpu: Gpu, options: ResampleOptions): GpuImage {
  const sigma = pyramidSigma(options.matrix);
  if (sigma.every((s) => s === 0)) return resample(gpu, options);
  const source = gaussianSmooth(gpu, { source: options.source, sigma });
  const level = resample(gpu, { ...options, source });
  source.destroy();
  return level;
}

/** The plain twin of {@link pyramidLevel}, on arrays without padding. */
export function pyramidLevelReference(
  source: { size: Triple; data: Float32Array },
  size: Triple,
  matrix: Matrix4,
  outside: "clamp" | number = "clamp",
): Float32Array {
  const data = gaussianSmoothReference(source.size, source.data, pyramidSigma(matrix));
  return resampleReference({ size: source.size, data }, size, matrix, outside);
}
