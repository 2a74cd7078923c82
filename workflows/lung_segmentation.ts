/**
 * The lungs of an image, found by a threshold.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { clearOuterAir, flood } from "../volume/flood_fill.ts";

/** The number of voxels of a mask. */
export function voxelsIn(mask: Uint8Array): number {
  return mask.reduce((sum, on) => sum + on, 0);
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
  const { length } = data;
  const dark = Uint8Array.from({ length }, (_, i) => data[i] < threshold ? 1 : 0);
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
