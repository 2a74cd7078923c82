/**
 * The anatomical planes of an image, independent of the order in which its voxels are stored.
 *
 * @module
 */

import type { PlaneName } from "../../kernels/patches/plane_axes.ts";
import type { Grid } from "../../volume/grid.ts";
import { nearestAxes } from "../../volume/orientation.ts";

export { PLANE_NAMES, planeAxes, type PlaneName } from "../../kernels/patches/plane_axes.ts";

/** Minimum ratio of a voxel's longest side to its other sides at which its slices were taken across that side. */
const THICK = 1.2;

/** Determines the plane of an image's slices: across the longest side of its voxels, or coronal if none is much longer. */
export function naturalPlane(grid: Grid): PlaneName {
  const { spacing } = grid;
  const ofWorld = nearestAxes(grid).map(({ axis }) => spacing[axis]);
  const thickest = ofWorld.indexOf(Math.max(...ofWorld));
  const others = ofWorld.filter((_, world) => world !== thickest);
  if (ofWorld[thickest] < THICK * Math.max(...others)) return "coronal";
  return (["sagittal", "coronal", "axial"] as const)[thickest];
}
