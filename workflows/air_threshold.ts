/**
 * The intensity between air and tissue, for images without labels.
 *
 * @module
 */

import { fromNetwork, type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { Modality } from "../volume/modality.ts";

/** Minimum CT number of tissue, HU. */
const AIR_CT = -400;
/** The same in MR, as a share of the range: lungs are darker, muscle is brighter. */
const AIR_MR = 0.15;
/** With a narrow CT window, air has the lowest intensity; the threshold is then this share of the range. */
const MIN_SHARE = 0.05;

/** The intensity below which an image shows air, as a share of its range. */
export function airShare(of: Modality, scale: IntensityScale): number {
  if (of === "mr") return AIR_MR;
  return Math.max(MIN_SHARE, sharesOf(new Float32Array([AIR_CT]), scale)[0]);
}

/** Intensities as shares of a range, 0 to 1; values beyond it are limited. */
export function sharesOf(values: Float32Array, scale: IntensityScale): Float32Array<ArrayBuffer> {
  return toNetwork(values, scale).map((value) => (value + 1) / 2);
}

/** The intensities of shares of a range. */
export function fromShares(shares: Float32Array, scale: IntensityScale): Float32Array<ArrayBuffer> {
  return fromNetwork(shares.map((share) => 2 * share - 1), scale);
}
