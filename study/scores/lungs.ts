/**
 * The threshold of the lungs of an image (section 4.3), and their comparison with those of another image.
 *
 * @module
 */

import { voxelsIn } from "../../workflows/lung_segmentation.ts";

/** The lungs of an image compared with those of another. */
export interface LungComparison {
  /** Volume of the lungs divided by the volume in the reference. */
  readonly volume: number;
  /** Dice of both; NaN when both are empty. */
  readonly dice: number;
}

/** Compares two masks of lungs, 1 in the lungs and else 0. */
export function compareLungs(lungs: Uint8Array, reference: Uint8Array): LungComparison {
  const both = lungs.reduce((sum, on, i) => sum + (on & reference[i]), 0);
  const size = voxelsIn(lungs);
  const right = voxelsIn(reference);
  return { volume: size / right, dice: 2 * both / (size + right) };
}

/**
 * Midway between the median of the lungs and that of the darkest organ. In MR the liver is bright: with a threshold
 * midway to the liver, muscle that is 10 % too dark would count as lung.
 *
 * @param organs - The intensities of each organ; organs without any are left out. NaN when none is left.
 */
export function lungThreshold(
  lungs: ArrayLike<number>,
  organs: readonly ArrayLike<number>[],
): number {
  const medians = organs.map(median).filter((value) => !Number.isNaN(value));
  return medians.length === 0 ? NaN : (median(lungs) + Math.min(...medians)) / 2;
}

function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? NaN : sorted[sorted.length >> 1];
}
