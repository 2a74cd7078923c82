/**
 * The range of intensities that a deformable registration uses.
 *
 * @module
 */

import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { GpuImage } from "../kernels/gpu/image.ts";
import { percentiles } from "../kernels/image/percentiles.ts";

/** The percentiles at the ends of the range, as fractions (section 3.2). */
export const RANGE_PERCENTILES = [0.005, 0.995] as const;

/** The smallest and the largest intensity of the range, of the voxels inside the mask when there is one. */
export async function intensityRange(
  gpu: Gpu,
  source: GpuImage,
  mask: GpuImage | undefined,
): Promise<readonly [low: number, high: number]> {
  const [low, high] = await percentiles(gpu, { source, fractions: [...RANGE_PERCENTILES], mask });
  return [low, high];
}
