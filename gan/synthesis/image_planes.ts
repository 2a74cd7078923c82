/**
 * Which planes of an image the networks see, however its voxels are stored.
 *
 * @module
 */

import type { PlaneName } from "../../kernels/patches/plane_axes.ts";
import type { Grid } from "../../volume/grid.ts";
import { nearestAxes } from "../../volume/orientation.ts";

export { PLANE_NAMES, planeAxes, type PlaneName } from "../../kernels/patches/plane_axes.ts";

/** A voxel axis this much longer than the others is thick: slices were taken across it. */
const THICK = 1.2;

/** The plane that an image's slices were taken in: across its thickest voxel axis; coronal where none is thick. */
export function naturalPlane(grid: Grid): PlaneName {
  const { spacing } = grid;
  const ofWorld = nearestAxes(grid).map(({ axis }) => spacing[axis]);
  const thickest = ofWorld.indexOf(Math.max(...ofWorld));
  const others = ofWorld.filter((_, world) => world !== thickest);
  if (ofWorld[thickest] < THICK * Math.max(...others)) return "coronal";
  return (["sagittal", "coronal", "axial"] as const)[thickest];
}
