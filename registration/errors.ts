/**
 * Errors about a pair of images.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";

/** The images overlap too little to be registered. */
export class NoOverlapError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "NoOverlapError";
}

/** The images overlap, but a similarity that compares patches has too few voxels. */
export class FewPatchesError extends NoOverlapError {}

/** A mask has no voxel inside its image. */
export class EmptyMaskError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "EmptyMaskError";
}

/** An image has the same intensity everywhere (inside its mask), so that it cannot be aligned. */
export class ConstantImageError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "ConstantImageError";
}
