/**
 * The anatomical planes of an image, independent of the order in which its voxels are stored.
 *
 * @module
 */

import type { PlaneAxes, WalkedAxis } from "../../kernels/patches/plane_stack.ts";
import type { Grid } from "../../volume/grid.ts";
import { nearestAxes } from "../../volume/orientation.ts";

/** Names of the anatomical planes. */
export const PLANE_NAMES = ["axial", "coronal", "sagittal"] as const;
/** Name of an anatomical plane. */
export type PlaneName = typeof PLANE_NAMES[number];

/** Minimum ratio of a voxel's longest side to its other sides at which its slices were taken across that side. */
const THICK = 1.2;

/**
 * Determines the axes of planes in an image. Columns run to the patient's right (sagittal: to the front), rows run
 * downward (axial: to the back), and slices run to the front, the right or the head. The planes of a body are the same
 * in every storage order.
 *
 * @example Usage
 * ```ts
 * import { planeAxes } from "./image_planes.ts";
 * import { Grid } from "../../volume/grid.ts";
 * import { PLANES } from "../../kernels/patches/plane_stack.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(planeAxes(Grid.axisAligned([4, 5, 6], [1, 1, 1]), "axial"), PLANES.axial);
 * ```
 */
export function planeAxes(grid: Grid, plane: PlaneName): PlaneAxes {
  const [x, y, z] = nearestAxes(grid);
  const along = ({ axis, sign }: typeof x): WalkedAxis => ({ axis, reversed: sign < 0 });
  const against = ({ axis, sign }: typeof x): WalkedAxis => ({ axis, reversed: sign > 0 });
  switch (plane) {
    case "axial":
      return { column: along(x), row: against(y), slice: along(z) };
    case "coronal":
      return { column: along(x), row: against(z), slice: along(y) };
    case "sagittal":
      return { column: along(y), row: against(z), slice: along(x) };
  }
}

/** Determines the plane of an image's slices: across the longest side of its voxels, or coronal if none is much longer. */
export function naturalPlane(grid: Grid): PlaneName {
  const { spacing } = grid;
  const ofWorld = nearestAxes(grid).map(({ axis }) => spacing[axis]);
  const thickest = ofWorld.indexOf(Math.max(...ofWorld));
  const others = ofWorld.filter((_, world) => world !== thickest);
  if (ofWorld[thickest] < THICK * Math.max(...others)) return "coronal";
  return (["sagittal", "coronal", "axial"] as const)[thickest];
}
