/**
 * Scaling of intensities for the networks: to [0, 255], as in the paper, and then to [-1, 1].
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";

/** The intensities that become -1 and 1; intensities beyond these are clamped. */
export interface IntensityScale {
  /** Intensity that becomes 0, then -1. */
  readonly low: number;
  /** Intensity that becomes 255, then 1. */
  readonly high: number;
}

/** The scale of CT: Hounsfield units from air to dense bone. */
export const CT_SCALE: IntensityScale = { low: -1000, high: 1000 };

/** Fraction of the MR's voxels above 0 that are below the intensity that becomes 1. */
const MR_FRACTION = 0.995;

/**
 * Determines the scale of an image. The scale of CT is fixed. The scale of MR, which has no physical unit, is from 0 to
 * the 99.5th percentile of the voxels above 0.
 *
 * @param values - Voxels in any order; voxels that are not finite are ignored.
 * @throws {RangeError} if an MR has no voxel above 0, or the same intensity everywhere.
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

/**
 * Determines the scale of a population of images, for synthesised images: the medians of `low` and of `high`.
 *
 * @throws {RangeError} if there are no scales.
 */
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

/** Scales intensities to [-1, 1]; NaN becomes -1, and infinities are clamped. */
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

/** Scales the output of a network, in [-1, 1], to intensities. */
export function fromNetwork(
  values: Float32Array,
  { low, high }: IntensityScale,
): Float32Array<ArrayBuffer> {
  return Float32Array.from(values, (value) => low + (high - low) * (value + 1) / 2);
}
