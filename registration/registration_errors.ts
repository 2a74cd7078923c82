/**
 * What can be wrong with a pair of images.
 *
 * @module
 */

/** The images have too little in common to be registered. */
export class NoOverlapError extends Error {
  override readonly name = "NoOverlapError";
}
