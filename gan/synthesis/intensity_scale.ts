/**
 * How an image's intensities become what the networks see: [0, 255], as the paper scales them, then [-1, 1].
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";

/** The intensities that are 0 and 255; what is beyond them is clamped. */
export interface IntensityScale {
  /** Becomes 0, then -1. */
  readonly low: number;
  /** Becomes 255, then 1. */
  readonly high: number;
}

/** Hounsfield units from air to dense bone. */
export const CT_SCALE: IntensityScale = { low: -1000, high: 1000 };

/** Of the MR's voxels above 0, this part is below its highest intensity. */
const MR_FRACTION = 0.995;

/**
 * The scale of an image: fixed for CT; for MR, whose units mean nothing, from 0 to the 99.5th percentile of
 * the voxels above 0.
 *
 * @param values - Voxels in any order; those that are not finite do not count.
 * @throws {RangeError} when an MR has no voxel above 0, or the same intensity everywhere.
 *
 * @example Usage
 * ```ts
 * import { fromNetwork, intensityScaleOf, toNetwork } from "./intensity_scale.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const ct = new Float32Array([-1000, 0, 1000, 3000]);
 * const scale = intensityScaleOf("ct", ct);
 * assertEquals(toNetwork(ct, scale), new Float32Array([-1, 0, 1, 1]));
 * assertEquals(fromNetwork(new Float32Array([-1, 0]), scale), new Float32Array([-1000, 0]));
 * ```
 */
export function intensityScaleOf(modality: Modality, values: Float32Array): IntensityScale {
  if (modality === "ct") return CT_SCALE;
  const finite = values.filter((value) => Number.isFinite(value)).sort();
  const positive = finite.subarray(finite.findLastIndex((value) => value <= 0) + 1);
  if (positive.length === 0) {
    throw new RangeError(
      "The MR has no intensity above 0: give the image itself, not a mask or a difference",
    );
  }
  if (finite[0] === finite.at(-1)) {
    throw new RangeError(
      `The MR is ${finite[0]} everywhere: leave it out, or give an image that shows the body`,
    );
  }
  const at = Math.min(positive.length - 1, Math.floor(MR_FRACTION * positive.length));
  return { low: 0, high: positive[at] };
}

/** The scale of a population, for images that are synthesised to look like it: medians of both ends. */
export function populationScale(scales: readonly IntensityScale[]): IntensityScale {
  if (scales.length === 0) throw new RangeError("There are no scales");
  const median = (values: number[]) => {
    values.sort((a, b) => a - b);
    const half = values.length >> 1;
    return values.length % 2 === 1 ? values[half] : (values[half - 1] + values[half]) / 2;
  };
  return {
    low: median(scales.map(({ low }) => low)),
    high: median(scales.map(({ high }) => high)),
  };
}

/** Intensities as the networks see them, in [-1, 1]; NaN is -1, and infinities are clamped. */
export function toNetwork(
  values: Float32Array,
  { low, high }: IntensityScale,
): Float32Array<ArrayBuffer> {
  const factor = 255 / (high - low);
  const result = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const grey = Math.min(Math.max((values[i] - low) * factor, 0), 255);
    result[i] = grey >= 0 ? grey / 127.5 - 1 : -1;
  }
  return result;
}

/** The intensities of what networks give, in [-1, 1]. */
export function fromNetwork(
  values: Float32Array,
  { low, high }: IntensityScale,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => low + (high - low) * (value + 1) / 2);
}
