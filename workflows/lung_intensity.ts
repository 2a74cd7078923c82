/**
 * The intensity of lungs in an MR, as a curve from CT to MR says.
 *
 * @module
 */

import { type IntensityScale, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import { partOf } from "./intensity_parts.ts";

/** Hounsfield units midway between air and soft tissue, and of a lung between inhale and exhale. */
export const AIR_BORDER = -400;
export const LUNG = -800;
/** The largest magnitude of a transfer to CT: the network cannot correct -1 and 1. */
export const MAX_CT = 0.95;

/** Options of {@link lungIntensity}. */
export interface LungIntensityOptions {
  /** Intensity of muscle in the CT. */
  readonly muscle: number;
  /** The scale of the CT. */
  readonly scale: IntensityScale;
}

/**
 * The intensity of lungs in the MR. Without lungs in the images a curve has an intensity of other voxels there; it is
 * at most midway from air to muscle.
 *
 * @param curve - The curve from CT to MR, in which muscle is brighter than air.
 */
export function lungIntensity(
  curve: readonly number[],
  { muscle, scale }: LungIntensityOptions,
): number {
  const mrOf = (ct: number) => curve[partOf(ct, curve.length)];
  const [lung] = toNetwork(Float32Array.of(LUNG), scale);
  return Math.min(mrOf(Math.max(lung, -MAX_CT)), (curve[0] + mrOf(muscle)) / 2);
}
