/**
 * The columns of a list of registrations. They are apart from its reader, because `register --help` lists them.
 *
 * @module
 */

/** The columns of a CSV file, each with what it holds. A file may have them in any order. */
export const CASE_COLUMNS = {
  case: "name of the case (required)",
  fixed: "fixed image (required)",
  moving: "moving image (required)",
  fixedLabels: "labels of the fixed image",
  movingLabels: "labels of the moving image",
  fixedMask: "mask of the fixed image",
  movingMask: "mask of the moving image",
  fixedPoints: "landmarks of the fixed image",
  movingPoints: "the same landmarks in the moving image",
  fixedSeries: "DICOM series of the fixed image",
  movingSeries: "DICOM series of the moving image",
} as const;
