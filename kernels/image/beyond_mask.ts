/**
 * Images continued beyond their masks: voxels outside a mask get values from those inside, so that neither smoothing
 * nor interpolation brings an artefact or padding from outside into the mask.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";
import { BEYOND_MASK } from "./beyond_mask.wgsl.ts";
import { gaussianSmooth, gaussianSmoothReference } from "./gaussian.ts";

/** Standard deviation of the smoothing that continues the image next to the mask, voxels. */
const NEAR = 1;
/**
 * The same farther away: its reach of 12 voxels is that of the smoothing before voxels become eight times as large.
 */
const FAR = 4;
/** A smaller weight is none: the mask is too far away for an exact mean. */
const MIN_WEIGHT = 1e-4;

/** Options of {@link continueBeyondMask}. */
export interface BeyondMaskOptions {
  /** The image. */
  readonly image: GpuImage;
  /** The mask on the grid of the image: 1 at valid voxels, 0 elsewhere. */
  readonly mask: GpuImage;
  /** The value of voxels that are far from the mask. */
  readonly farValue: number;
}

/**
 * The image with other values outside its mask: means of the voxels inside, weighted by a Gaussian (normalised
 * convolution, Knutsson and Westin 1993), and `farValue` far away. Inside the mask it is unchanged. The caller
 * destroys it.
 */
export function continueBeyondMask(
  gpu: Gpu,
  { image, mask, farValue }: BeyondMaskOptions,
): GpuImage {
  const owned = new Owned();
  try {
    // With the mask as the weights, all voxels outside are 0.
    const inside = owned.add(replaceOutside(gpu, {
      image,
      mask,
      near: { sums: image, weights: mask },
      far: { sums: image, weights: mask },
      farValue: 0,
    }));
    const smoothed = (sigma: number): Means => {
      const [sums, weights] = [inside, mask].map((source) =>
        owned.add(gaussianSmooth(gpu, { source, sigma: [sigma, sigma, sigma] }))
      );
      return { sums, weights };
    };
    return replaceOutside(gpu, {
      image,
      mask,
      near: smoothed(NEAR),
      far: smoothed(FAR),
      farValue,
    });
  } finally {
    owned.destroy();
  }
}

/** Weighted sums and their weights. */
interface Means {
  readonly sums: GpuImage;
  readonly weights: GpuImage;
}

function replaceOutside(
  gpu: Gpu,
  { image, mask, near, far, farValue }: BeyondMaskOptions & {
    readonly near: Means;
    readonly far: Means;
  },
): GpuImage {
  const owned = new Owned();
  try {
    const result = owned.add(createImage(gpu, "continued", image.size));
    const bound = [image, mask, near.sums, near.weights, far.sums, far.weights, result];
    const recorder = gpu.record("beyond mask");
    for (const { begin, end } of imageSlabs(gpu, image.size)) {
      const quads = (end - begin) * image.size[1] * image.pitch / 4;
      const { workgroups, stride } = flatWorkgroups(quads);
      recorder.dispatch(BEYOND_MASK, {
        parameters: { quads, stride, farValue, minWeight: MIN_WEIGHT },
        buffers: bound.map((one) => planesOf(one, begin, end)),
        workgroups,
      });
    }
    recorder.submit();
    return owned.release(result);
  } finally {
    owned.destroy();
  }
}

/** The plain twin, on arrays without padding. */
export function continueBeyondMaskReference(
  size: Triple,
  image: Float32Array,
  mask: Float32Array,
  farValue: number,
): Float32Array {
  const inside = image.map((value, i) => mask[i] >= 0.5 ? value : 0);
  const smoothed = (sigma: number) =>
    [inside, mask].map((data) => gaussianSmoothReference(size, data, [sigma, sigma, sigma]));
  const [nearSums, nearWeights] = smoothed(NEAR);
  const [farSums, farWeights] = smoothed(FAR);
  return image.map((value, i) => {
    if (mask[i] >= 0.5) return value;
    if (nearWeights[i] >= MIN_WEIGHT) return nearSums[i] / nearWeights[i];
    if (farWeights[i] >= MIN_WEIGHT) return farSums[i] / farWeights[i];
    return farValue;
  });
}

/** The mean of the voxels inside a mask: a value far from it. 0 if the mask is empty. */
export function meanInside(image: ArrayLike<number>, mask: ArrayLike<number>): number {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < image.length; i++) {
    if (mask[i] === 0) continue;
    sum += image[i];
    count++;
  }
  return count === 0 ? 0 : sum / count;
}
