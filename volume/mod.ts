/**
 * Images on the host: grids, volumes, NIfTI files. No GPU.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./mod.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([64, 64, 32], [1.25, 1.25, 6]);
 * assertEquals(grid.spacing, [1.25, 1.25, 6]);
 * ```
 *
 * @module
 */

export * from "./affine.ts";
export * from "./grid.ts";
export * from "./volume.ts";
export { diceCoefficient, type DiceCount, diceCounts } from "./dice.ts";
export * from "./modality.ts";
export * from "./nifti_errors.ts";
export * from "../host/errors.ts";
export * from "./orientation.ts";
export * from "./read_nifti.ts";
export * from "./read_displacement_field.ts";
export * from "../host/write_file.ts";
export * from "./write_nifti.ts";
export type { VoxelType } from "./voxel_types.ts";
