/**
 * The version of crosswarp.
 *
 * @module
 */

/** The version in deno.json, which the package for npm does not contain. A test compares the two. */
export const VERSION = "0.1.0";
