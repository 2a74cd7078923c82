/**
 * The intensity between air and tissue, for images without labels.
 *
 * @module
 */

import { type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import type { Modality } from "../volume/modality.ts";

/** Minimum CT number of tissue, HU. */
const AIR_CT = -400;
/** The same in MR, as a share of the range: lungs are darker, muscle is brighter. */
const AIR_MR = 0.15;
/** With a narrow CT window, air has the lowest intensity; the threshold is then this share of the range. */
const MIN_SHARE = 0.05;

/** The intensity below which an image shows air, as a share of its range. */
export function airShare(of: Modality, { low, high }: IntensityScale): number {
  return of === "mr" ? AIR_MR : Math.max(MIN_SHARE, (AIR_CT - low) / (high - low));
}

/** Intensities as shares of a range, 0 to 1; values beyond it are limited. */
export function sharesOf(values: Float32Array, scale: IntensityScale): Float32Array<ArrayBuffer> {
  return toNetwork(values, scale).map((value) => (value + 1) / 2);
}
