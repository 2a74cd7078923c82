/**
 * The window of pixels in which the rules of air count dark ones.
 *
 * @module
 */

import type { AirRadius } from "../gan/ops/intensity_transfer/air_rule.ts";
import { planeAxes, type PlaneName } from "../gan/synthesis/image_planes.ts";
import type { Grid } from "../volume/grid.ts";

/** The width of the window, mm: the rules were chosen with 5 x 5 pixels of 4 mm. */
const WIDTH = 20;
const PIXELS = 25;

/** The window around a voxel, at least a pixel on each side: vessels have a size in mm, whatever the pixels are. */
export function airRadius(grid: Grid, plane: PlaneName): AirRadius {
  const { row, column } = planeAxes(grid, plane);
  const radius = (axis: number) => Math.max(1, Math.round((WIDTH / grid.spacing[axis] - 1) / 2));
  return [radius(row.axis), radius(column.axis)];
}

/** As many pixels of a window as are some of 5 x 5 pixels. */
export function pixelsOf(pixels: number, [rows, columns]: AirRadius): number {
  return pixels * ((2 * rows + 1) * (2 * columns + 1)) / PIXELS;
}
