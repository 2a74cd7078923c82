/**
 * Scaling of intensities for the networks: to [0, 255], as in the paper, and then to [-1, 1].
 *
 * @module
 */

import { withoutUndefined } from "../../host/defaults.ts";
import type { Modality } from "../../volume/modality.ts";
import { selectedValues } from "../../volume/selected_values.ts";

/** The intensities that become -1 and 1; intensities beyond these are clamped. */
export interface IntensityScale {
  /** Intensity that becomes 0, then -1. */
  readonly low: number;
  /** Intensity that becomes 255, then 1. */
  readonly high: number;
  /**
   * Corners of a piecewise linear scale between `low` and `high`: an intensity and its value in [-1, 1], both
   * ascending. Default: linear from -1 to 1.
   */
  readonly corners?: readonly (readonly [intensity: number, value: number])[] | undefined;
}

/** The scale of CT: Hounsfield units from air to dense bone. */
export const CT_SCALE: IntensityScale = { low: -1000, high: 1000 };

/**
 * A piecewise linear scale of CT. Two thirds of the range show soft tissue, as in an MR, and contrasts that an MR does
 * not show, such as vessels in the lung, become small.
 */
export const SOFT_TISSUE_CT_SCALE: IntensityScale = {
  low: -1000,
  high: 1000,
  corners: [[-1000, -1], [-200, -0.6], [300, 0.8], [1000, 1]],
};

/** Fraction of the MR's voxels above 0 that are below the intensity that becomes 1. */
export const MR_FRACTION = 0.995;

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
  const finite = selectedValues(values, Number.isFinite).sort();
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
 * Determines the scale of a population of images, for synthesised images: the medians of `low` and of `high`, and
 * the corners of the first scale.
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
  return withoutUndefined({
    low: median(scales.map(({ low }) => low)),
    high: median(scales.map(({ high }) => high)),
    corners: scales[0].corners,
  });
}

/** Scales intensities to [-1, 1]; NaN becomes -1, and infinities are clamped. */
export function toNetwork(
  values: Float32Array,
  { low, high, corners }: IntensityScale,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(values.length);
  if (corners !== undefined) {
    for (let i = 0; i < values.length; i++) {
      result[i] = Number.isNaN(values[i]) ? -1 : interpolate(values[i], corners, 0, 1);
    }
    return result;
  }
  const factor = 255 / (high - low);
  for (let i = 0; i < values.length; i++) {
    const grey = Math.min(Math.max((values[i] - low) * factor, 0), 255);
    result[i] = grey >= 0 ? grey / 127.5 - 1 : -1;
  }
  return result;
}

/** Scales the output of a network, in [-1, 1], to intensities. */
export function fromNetwork(
  values: Float32Array,
  { low, high, corners }: IntensityScale,
): Float32Array<ArrayBuffer> {
  const { length } = values;
  if (corners !== undefined) {
    return Float32Array.from({ length }, (_, i) => interpolate(values[i], corners, 1, 0));
  }
  return Float32Array.from({ length }, (_, i) => low + (high - low) * (values[i] + 1) / 2);
}

/** Interpolates linearly between corners, from their column `from` to their column `to`; beyond them it clamps. */
function interpolate(
  value: number,
  corners: readonly (readonly [number, number])[],
  from: 0 | 1,
  to: 0 | 1,
): number {
  let i = 1;
  while (i < corners.length - 1 && value > corners[i][from]) i++;
  const before = corners[i - 1];
  const after = corners[i];
  const part = (value - before[from]) / (after[from] - before[from]);
  return before[to] + (after[to] - before[to]) * Math.min(1, Math.max(0, part));
}
