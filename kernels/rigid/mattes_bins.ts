/**
 * The images of the Mattes metric, sorted into bins once, so that an evaluation only samples and counts.
 *
 * @module
 */

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { imageSlabs, type Slab } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";
import { mattesFixedBins, mattesMovingPairs } from "./mattes_bins.wgsl.ts";
import {
  MATTES_INNER_BINS,
  MATTES_OUTSIDE_BYTE,
  MATTES_ROW,
  MATTES_STEPS,
} from "./mattes_constants.ts";

/** The intensities that the bins span; intensities beyond are counted in the first and last bin. */
export interface IntensityRange {
  /** Lower end of the first bin. */
  readonly minimum: number;
  /** Upper end of the last bin. */
  readonly maximum: number;
}

/** An image and its bins. */
export interface BinnedImageOptions {
  /** The image. */
  readonly image: GpuImage;
  /** The intensities that its bins span. */
  readonly range: IntensityRange;
  /** i32 image on the same grid: voxels with 0 do not count. Default all count. */
  readonly mask?: GpuImage | undefined;
}

/** The slabs in which the fixed image and its bins are bound. */
export function fixedBinSlabs(gpu: Gpu, image: GpuImage): Slab[] {
  return imageSlabs(gpu, image.size, { withBytes: true });
}

/**
 * The bins of the fixed image: one byte per voxel, rows padded as in the image; 255 in the padding and for
 * voxels that do not count. The caller destroys the buffer.
 *
 * @throws {RangeError} when not even the smallest slab fits into a binding.
 */
export function fixedBins(gpu: Gpu, { image, range, mask }: BinnedImageOptions): GpuBuffer {
  return Owned.build((owned) => {
    const plane = image.pitch * image.size[1];
    const bytes = owned.add(gpu.buffer("Mattes fixed bins", plane * image.size[2]));
    const recorder = gpu.record("Mattes fixed bins");
    for (const { begin, end } of fixedBinSlabs(gpu, image)) {
      const count = plane * (end - begin) / 4;
      const { workgroups, stride } = flatWorkgroups(count);
      const buffers = [
        planesOf(image, begin, end),
        { buffer: bytes, offset: begin * plane, bytes: (end - begin) * plane },
      ];
      if (mask !== undefined) buffers.push(planesOf(mask, begin, end));
      recorder.dispatch(mattesFixedBins(mask !== undefined), {
        parameters: { ...binParameters(image, range, MATTES_INNER_BINS), count, stride },
        buffers,
        workgroups,
      });
    }
    recorder.submit();
    return bytes;
  });
}

/**
 * The moving image as pairs of horizontal neighbours, one u32 per voxel (see {@link mattesMovingPairs}). The
 * caller destroys it.
 *
 * @throws {RangeError} when not even the smallest slab fits into a binding.
 */
export function movingPairs(gpu: Gpu, { image, range, mask }: BinnedImageOptions): GpuImage {
  return Owned.build((owned) => {
    const pairs = owned.add(createImage(gpu, "Mattes moving pairs", image.size));
    const recorder = gpu.record("Mattes moving pairs");
    for (const { begin, end } of imageSlabs(gpu, image.size)) {
      const count = image.pitch * image.size[1] * (end - begin) / 4;
      const { workgroups, stride } = flatWorkgroups(count);
      const buffers = [planesOf(image, begin, end), planesOf(pairs, begin, end)];
      if (mask !== undefined) buffers.push(planesOf(mask, begin, end));
      recorder.dispatch(mattesMovingPairs(mask !== undefined), {
        parameters: { ...binParameters(image, range, MATTES_ROW * MATTES_STEPS), count, stride },
        buffers,
        workgroups,
      });
    }
    recorder.submit();
    return pairs;
  });
}

/** The part of the uniform block that all slabs have in common, for a number of steps over the range. */
function binParameters(image: GpuImage, { minimum, maximum }: IntensityRange, steps: number) {
  return {
    minimum,
    scale: steps / (maximum - minimum),
    quads: image.pitch / 4,
    width: image.size[0],
  };
}

/** An intensity as a fraction of the range, between 0 and 1. */
export function rangeFraction(value: number, { minimum, maximum }: IntensityRange): number {
  return Math.min(1, Math.max(0, (value - minimum) / (maximum - minimum)));
}

/** The plain twin of {@link fixedBins} for a voxel; `counts` is false outside the mask. */
export function fixedBinReference(value: number, range: IntensityRange, counts = true): number {
  if (!counts) return MATTES_OUTSIDE_BYTE;
  const bin = Math.floor(rangeFraction(value, range) * MATTES_INNER_BINS);
  return Math.min(bin, MATTES_INNER_BINS - 1);
}

/** The plain twin of one half of {@link movingPairs}; `counts` is false outside the mask. */
export function movingStepReference(value: number, range: IntensityRange, counts = true): number {
  const steps = MATTES_ROW * MATTES_STEPS;
  const step = Math.floor(Math.min(rangeFraction(value, range) * steps, steps - 1) + 0.5);
  return counts ? step : step | 0x8000;
}
