/**
 * The lines of a deformed grid in a slice.
 *
 * @module
 */

import type { Plane } from "./slices.ts";

/** The RAS axes within each plane. */
export const WITHIN_PLANE: Readonly<Record<Plane, readonly [number, number]>> = {
  axial: [0, 1],
  coronal: [0, 2],
  sagittal: [1, 2],
};

/** Number of lines of the grid across the longer side of a slice, about. */
const GRID_LINES = 24;

/** A round distance of the grid lines for a slice of some length, mm. */
export function gridStep(length: number): number {
  const wanted = length / GRID_LINES;
  const power = 10 ** Math.floor(Math.log10(wanted));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= wanted)!;
}

/** Marks the pixels between which a position passes a multiple of `step`. */
export function gridLines(
  first: Float32Array,
  second: Float32Array,
  width: number,
  step: number,
): Uint8Array {
  const isOn = new Uint8Array(first.length);
  for (const positions of [first, second]) {
    for (let i = 0; i < isOn.length; i++) {
      const cell = Math.floor(positions[i] / step);
      const right = (i + 1) % width === 0 ? i : i + 1;
      const below = i + width < isOn.length ? i + width : i;
      if (
        Math.floor(positions[right] / step) !== cell || Math.floor(positions[below] / step) !== cell
      ) isOn[i] = 1;
    }
  }
  return isOn;
}
