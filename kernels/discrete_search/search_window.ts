/**
 * The displacements among which a discrete search chooses, and the order in which their costs are stored.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/**
 * The window of a discrete search: whole blocks from -radius to radius along each axis. The costs of a point are rows
 * along x, each padded to a multiple of four, in the order of y and then z.
 */
export interface SearchWindow {
  /** The largest displacement along each axis, blocks. */
  readonly radius: number;
  /** Displacements along each axis, 2 radius + 1. */
  readonly width: number;
  /** Quads of costs per row. */
  readonly rowQuads: number;
  /** Quads of costs per point. */
  readonly quads: number;
}

/** The window of a radius in whole blocks. */
export function searchWindow(radius: number): SearchWindow {
  const width = 2 * radius + 1;
  const rowQuads = Math.ceil(width / 4);
  return { radius, width, rowQuads, quads: rowQuads * width * width };
}

/** The displacement, in blocks, of a cost; undefined where the cost pads a row. */
export function displacementOf({ radius, width, rowQuads }: SearchWindow, cost: number):
  | Triple
  | undefined {
  const column = cost % (4 * rowQuads);
  const row = Math.floor(cost / (4 * rowQuads));
  if (column >= width) return undefined;
  return [column - radius, row % width - radius, Math.floor(row / width) - radius];
}

/** The cost that pads a row, so that it is never the smallest. */
export const PADDING_COST = 1e30;
