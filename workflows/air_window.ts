/**
 * The window of pixels in which the rules of air count dark ones.
 *
 * @module
 */

import type { AirRadius } from "../gan/ops/intensity_transfer/air_rule.ts";

/** The width of the window, mm: the rules were chosen with 5 x 5 pixels of 4 mm. */
const WIDTH = 20;
const PIXELS = 25;

/**
 * The window around a voxel, at least a pixel on each side: vessels have a size in mm, whatever the pixels are.
 *
 * @param spacing - Millimetres from column to column, and from row to row.
 */
export function airRadius([column, row]: readonly [number, number, ...number[]]): AirRadius {
  const radius = (mm: number) => Math.max(1, Math.round((WIDTH / mm - 1) / 2));
  return [radius(row), radius(column)];
}

/** As many pixels of a window as are some of 5 x 5 pixels. */
export function pixelsOf(pixels: number, [rows, columns]: AirRadius): number {
  return pixels * ((2 * rows + 1) * (2 * columns + 1)) / PIXELS;
}
