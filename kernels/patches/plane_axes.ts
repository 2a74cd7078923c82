/**
 * The body's planes in an image, independent of the order of its voxels.
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import { nearestAxes } from "../../volume/orientation.ts";
import type { PlaneAxes, WalkedAxis } from "./plane_stack.ts";

/** A plane of the body. */
export type PlaneName = "axial" | "coronal" | "sagittal";
/** All planes of the body. */
export const PLANE_NAMES = ["axial", "coronal", "sagittal"] as const satisfies readonly PlaneName[];

/**
 * The axes of the planes in an image: columns to the patient's right (sagittal: to the front), rows downward
 * (axial: to the back), slices to the front, right or head. The same body gives the same planes in every
 * storage order.
 *
 * @example Usage
 * ```ts
 * import { planeAxes } from "./plane_axes.ts";
 * import { Grid } from "../../volume/grid.ts";
 * import { PLANES } from "./plane_stack.ts";
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
