/**
 * Where a CT shows air, and vessels within it that an MR does not show.
 *
 * @module
 */

import type { AirRadius, AirRule } from "../gan/ops/intensity_transfer/air_rule.ts";
import { toNetwork } from "../gan/synthesis/intensity_scale.ts";
import { pixelsOf } from "./air_window.ts";
import { AIR_BORDER, lungIntensity, type LungIntensityOptions } from "./lung_intensity.ts";

/** Hounsfield units on each side of the border of air over which an intensity becomes too bright for air. */
const DARK_HALF = 100;
/** Numbers of 5 x 5 pixels of 4 mm as dark as air around a voxel that is not surrounded by air, and of one that wholly is. */
const PIXELS = [13, 17] as const;

/**
 * Determines where a CT shows air that its tissue does not interrupt in an MR. A CT shows the vessels of the lungs as
 * tissue, and an MR shows neither them nor the mixtures with them: in the true images of the phantom the median is that
 * of lungs, from -800 to 0 HU, if 17 of the 5 x 5 pixels of 4 mm around a voxel are below -400 HU. A voxel at the border of a
 * lung has about half of them.
 *
 * @param curve - The curve from CT to MR, in which muscle is brighter than air.
 * @param options - Muscle, the scale of CT, and the window of the rule.
 * @returns The rule; undefined if the scale of CT begins above air.
 */
export function airRuleToMr(
  curve: readonly number[],
  { radius, ...options }: LungIntensityOptions & { readonly radius: AirRadius },
): AirRule | undefined {
  const lung = lungIntensity(curve, options);
  const range = Float32Array.of(AIR_BORDER - DARK_HALF, AIR_BORDER + DARK_HALF);
  const [whole, none] = Array.from(
    toNetwork(range, options.scale),
    (value) => Number(value.toFixed(5)),
  );
  if (whole === none) return undefined;
  return {
    dark: [whole, none],
    radius,
    pixels: [pixelsOf(PIXELS[0], radius), pixelsOf(PIXELS[1], radius)],
    curve: curve.map((value) => Math.min(value, lung)),
  };
}
