/**
 * The lungs of an image, found by a threshold (section 4.3), and their comparison with those of another image.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { clearOuterAir, flood } from "./flood_fill.ts";

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

/** The number of voxels of a mask. */
export function voxelsIn(mask: Uint8Array): number {
  return mask.reduce((sum, on) => sum + on, 0);
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

/** Parts smaller than this share of the largest are bowel gas, not a lung. */
const MIN_SHARE = 0.2;

/**
 * The lungs: voxels darker than a threshold that are not the air around the body (which reaches the
 * border of an axial slice), in parts not much smaller than the largest.
 *
 * @param data - x fastest, z from the feet to the head.
 * @returns 1 in the lungs, else 0.
 */
export function segmentLungs(
  size: Triple,
  data: Float32Array,
  threshold: number,
): Uint8Array<ArrayBuffer> {
  const dark = Uint8Array.from(data, (value) => value < threshold ? 1 : 0);
  clearOuterAir(dark, size);
  // Parts get the numbers 2, 3, ...
  const sizes: number[] = [];
  dark.forEach((_, i) => {
    // More parts than a byte can count are noise; they share the last number.
    if (dark[i] === 1) {
      const part = Math.min(sizes.length + 2, 255);
      sizes[part - 2] = (sizes[part - 2] ?? 0) + flood(dark, size, 0, i, part);
    }
  });
  const minSize = MIN_SHARE * sizes.reduce((max, n) => Math.max(max, n), 0);
  return dark.map((part) => part > 1 && part < 255 && sizes[part - 2] >= minSize ? 1 : 0);
}

function median(values: ArrayLike<number>): number {
  const sorted = Float64Array.from(values).sort();
  return sorted.length === 0 ? NaN : sorted[sorted.length >> 1];
}
