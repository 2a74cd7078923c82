/**
 * The overlap that two images must have to be registered by a deformation.
 *
 * @module
 */

import type { Grid } from "../volume/grid.ts";
import { FewPatchesError, NoOverlapError } from "./errors.ts";

/** A smaller number of common voxels is not sufficient for a registration. */
const MIN_COMMON_VOXELS = 1000;
/** On a small grid this part of its voxels is sufficient. */
const MIN_COMMON_PART = 0.02;

/**
 * Refuses images that have too few voxels in common.
 *
 * @param common - Voxels of `working` that lie on both images and inside both masks.
 * @param working - The working grid, which covers the fixed image.
 * @param needsPatches - True if a similarity counts only voxels with complete patches around them.
 * @throws {NoOverlapError} when there are fewer than 1000 common voxels, or than 2 % of a small grid.
 */
export function requireOverlap(common: number, working: Grid, needsPatches = false): void {
  if (!(common < Math.min(MIN_COMMON_VOXELS, MIN_COMMON_PART * working.voxels))) return;
  const reason =
    `Only ${Math.round(common)} of ${working.voxels} voxels of the fixed image lie on the ` +
    "moving image (and inside both masks). Register rigidly first, or check the files' " +
    "orientation and position. Enlarge masks that are thin.";
  if (!needsPatches) throw new NoOverlapError(reason);
  throw new FewPatchesError(
    `${reason} The similarity compares patches and leaves out the voxels at the borders of images and masks: for ` +
      "thin images and for small masks choose nmi or nmi+mind (--similarity nmi+mind).",
  );
}

/**
 * Refuses a moving image without a second voxel along an axis, between which a deformation would interpolate.
 *
 * @throws {NoOverlapError} when it has only one voxel along an axis.
 */
export function requireSlices({ size }: Grid): void {
  if (size.every((n) => n > 1)) return;
  throw new NoOverlapError(
    `The moving image has only one slice (${
      size.join(" x ")
    } voxels). The deformable registration interpolates ` +
      "between slices and needs at least two along each axis. Give an image with more slices, or exchange the " +
      "fixed and the moving image.",
  );
}
