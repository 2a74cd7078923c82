/**
 * The flag `--dicom-out`. `_dicom_out.ts` does its work.
 *
 * @module
 */

import type { Flag } from "./_flags.ts";

/** A flag for the folder of a DICOM series. */
export const dicomOutFlag = (fixed: string) =>
  ({
    type: "string",
    valueName: "FOLDER",
    help:
      `Also write the warped image as a DICOM series into this new or empty folder. ${fixed} must be a DICOM series: ` +
      "the result has its patient, study and frame of reference, and the modality of the moving image. Nothing is " +
      "de-identified: the descriptions contain the series description of the moving image, or its file name.",
  }) as const satisfies Flag;
