/**
 * Recognises files of formats that are not read, and gives advice on their conversion.
 *
 * @module
 */

import { isNIFTI } from "nifti-reader-js";

/**
 * A message that explains why a file that begins with `start` is no NIfTI image; undefined for a file that looks like
 * one.
 */
export function describeOtherFile(start: Uint8Array, name: string): string | undefined {
  if (start.length === 0) return `${name} is empty. Copy or export the file again.`;
  const bytes = start.slice().buffer;
  if (isNIFTI(bytes)) return undefined;
  const text = (from: number, to: number) =>
    new TextDecoder("latin1").decode(start.subarray(from, to));
  if (/\.img(\.gz)?$/i.test(name)) {
    return `${name} holds the voxels of an Analyze or two-file NIfTI image without their header. ` +
      `Give the header, ${name.replace(/\.img(\.gz)?$/i, ".hdr$1")}.`;
  }
  if (text(128, 132) === "DICM") {
    return `${name} is a DICOM file. Give the folder of its series, or a zip file of it. RT Structure Sets are for ` +
      "`points` and for the labels of `register`.";
  }
  return `${name} is not a NIfTI, NRRD, MetaImage or Analyze file. Convert it to .nii or .nii.gz first.`;
}
