/**
 * The consistency of a synthesised image from slice to slice.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** Options of {@link sliceJumps}. All images lie on one grid. */
export interface SliceJumpsOptions {
  /** Voxels along each axis, the first fastest. */
  readonly size: Triple;
  /** The axis across the slices that were synthesised. */
  readonly sliceAxis: number;
  /** The synthesised image. */
  readonly synthesis: Float32Array;
  /** The true image, or the source where the true image is not known. */
  readonly reference: Float32Array;
  /** 1 where the images are compared, else 0: the body. */
  readonly mask: Uint8Array;
}

/**
 * How much more a synthesis changes from slice to slice than its reference does, against its changes within
 * the slices.
 *
 * Let D(axis) be the mean absolute difference of neighbours along an axis, both in the mask. In an image, the ratio
 * D(across) / D(within) does not depend on contrast, and hardly on blur. The result is this ratio in the synthesis
 * divided by the ratio in the reference: 1 if the synthesis is as smooth across the slices as the reference, more
 * if slices jump, less if it is smoothed across the slices.
 */
export function sliceJumps(options: SliceJumpsOptions): number {
  return ratioIn(options, options.synthesis) / ratioIn(options, options.reference);
}

/** D(across) / D(within) of an image. */
function ratioIn({ size, sliceAxis, mask }: SliceJumpsOptions, image: Float32Array): number {
  const sums = [0, 0, 0];
  const counts = [0, 0, 0];
  const [nx, ny] = size;
  const strides = [1, nx, nx * ny];
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] === 0) continue;
    const place = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    for (let axis = 0; axis < 3; axis++) {
      const next = i + strides[axis];
      if (place[axis] + 1 === size[axis] || mask[next] === 0) continue;
      sums[axis] += Math.abs(image[next] - image[i]);
      counts[axis]++;
    }
  }
  const within = [0, 1, 2].filter((axis) => axis !== sliceAxis);
  const sumOver = (values: readonly number[]) =>
    within.reduce((sum, axis) => sum + values[axis], 0);
  return sums[sliceAxis] / counts[sliceAxis] / (sumOver(sums) / sumOver(counts));
}
