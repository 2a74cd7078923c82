/**
 * Where a rigid registration may end because a deformable one continues it.
 *
 * @module
 */

import { DEFORMABLE_DEFAULTS } from "./deformable_defaults.ts";
import type { RegisterImagesOptions } from "./register.ts";
import { extentOf } from "./rigid/extent.ts";
import { allowsCoarseStart } from "./similarity/similarities.ts";

/** Edge of the voxels, mm, from which a deformable registration continues: those of an image of 3 mm at its second level. */
const SUFFICIENT_VOXEL = 6.5;

/** Images that are shorter along an axis, mm, have too few patches for the first similarity, or nearly so. */
const MIN_EXTENT = 60;

/**
 * The option `sufficientVoxel` of the rigid registration; undefined if its result must be exact.
 *
 * @param isMasked - True if the user gave a mask, which can leave so few voxels that the finest are needed.
 */
export function sufficientRigidVoxel(
  { fixed, moving, rigid, rigidOnly, method = "control-grid", deformable }: Pick<
    RegisterImagesOptions,
    "fixed" | "moving" | "rigid" | "rigidOnly" | "method" | "deformable"
  >,
  isMasked: boolean,
): number | undefined {
  const { similarity = DEFORMABLE_DEFAULTS.similarity } = deformable ?? {};
  const hasLevels = rigid !== false && rigid?.levels !== undefined;
  if (rigidOnly || isMasked || hasLevels || method !== "control-grid") return undefined;
  // "automatic" may be NMI+MIND for them.
  if (Math.min(...extentOf(fixed.grid), ...extentOf(moving.grid)) < MIN_EXTENT) return undefined;
  return allowsCoarseStart(similarity) ? SUFFICIENT_VOXEL : undefined;
}
