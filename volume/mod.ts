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

export { CrosswarpError, FileAccessError } from "../host/errors.ts";
export { DicomSeriesError } from "./dicom/dicom_errors.ts";
export type { FileInput } from "../host/file_input.ts";
export {
  determinant3,
  IDENTITY,
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  transformVector,
  type Triple,
} from "./affine.ts";
export { effectiveSpacing } from "./effective_spacing.ts";
export { diceCoefficient, type DiceCount, diceCounts } from "./dice.ts";
export { Grid } from "./grid.ts";
export { type ByModality, MODALITIES, type Modality } from "./modality.ts";
export {
  ImageFileError,
  ImageGeometryError,
  ImageShapeError,
  NonFiniteVoxelsError,
  NotLabelsError,
  NotNiftiError,
  TruncatedFileError,
  UnsupportedVoxelsError,
} from "./nifti_errors.ts";
export { type AxisStep, nearestAxes, orientationOf, reorient } from "./orientation.ts";
export { readDisplacementField } from "./read_displacement_field.ts";
export {
  type DicomFilesOptions,
  readDicomFiles,
  readGrid,
  readLabelVolume,
  readNifti,
  readNiftiLabels,
  readVolume,
} from "./read_nifti.ts";
export type { HeaderMatrix, ReadOptions } from "./read_options.ts";
export type { DisplacementField, LabelVolume, Volume } from "./volume.ts";
export type { VoxelType } from "./voxel_types.ts";
export {
  encodeDisplacementField,
  encodeNifti,
  encodeNiftiLabels,
  type EncodeOptions,
  writeDisplacementField,
  writeLabelVolume,
  type WriteOptions,
  writeVolume,
} from "./write_nifti.ts";
