/**
 * The methods and the defaults of the deformable registration. They are apart from its work, so that the flags of
 * `register` and their help need not load it.
 *
 * @module
 */

/**
 * A method of deformable registration: "control-grid" is `registerDeformable`, "mind-gauss-newton" is
 * `registerMindGaussNewton`.
 */
export type DeformableMethod = "control-grid" | "mind-gauss-newton";

/** The methods of deformable registration. */
export const DEFORMABLE_METHODS: readonly DeformableMethod[] = [
  "control-grid",
  "mind-gauss-newton",
];

/**
 * The displacements with which the first level of the method "control-grid" begins: none after the rigid registration,
 * those of a discrete search in place of the coarsest level, or those of the search if the coarsest level finds large
 * motions and the two directions of the search agree.
 */
export type DeformableStart = "rigid" | "discrete" | "automatic";

/** The starts of the method "control-grid". */
export const DEFORMABLE_STARTS: readonly DeformableStart[] = ["rigid", "discrete", "automatic"];

/** The defaults for all images; docs/validation.md describes how they were chosen. */
export const DEFORMABLE_DEFAULTS = {
  similarity: "automatic",
  regulariser: "bending",
  interpolation: "linear",
  start: "automatic",
  spacing: 20,
  iterations: 100,
} as const;
