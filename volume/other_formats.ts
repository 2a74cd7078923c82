/**
 * Recognises files that are not single-file NIfTI images, and gives advice on their conversion.
 *
 * @module
 */

import { isNIFTI } from "nifti-reader-js";

/**
 * A message that explains why a file that begins with `start` is no single-file NIfTI image; undefined for a
 * file that looks like one.
 */
export function describeOtherFile(start: Uint8Array, name: string): string | undefined {
  if (start.length === 0) return `${name} is empty. Copy or export the file again.`;
  const bytes = start.slice().buffer;
  if (isNIFTI(bytes)) return undefined;
  const text = (from: number, to: number) =>
    new TextDecoder("latin1").decode(start.subarray(from, to));
  if (isNIFTI(bytes, true) || startsAsAnalyze(start)) {
    return `${name} is the header of an Analyze or two-file NIfTI image. ` +
      "Convert the pair to one .nii file (for example with dcm2niix or nibabel).";
  }
  if (/\.img(\.gz)?$/i.test(name)) {
    return `${name} holds the voxels of an Analyze or two-file NIfTI image without their header. ` +
      "Convert the pair to one .nii file (for example with dcm2niix or nibabel).";
  }
  const format = text(128, 132) === "DICM"
    ? "a DICOM file"
    : text(0, 4) === "NRRD"
    ? "an NRRD file"
    : /^(ObjectType|NDims)\s*=/.test(text(0, 16))
    ? "a MetaImage file"
    : undefined;
  const how = format === "a DICOM file" ? ", for example with dcm2niix" : "";
  return `${name} is ${format ?? "not a NIfTI file"}. Convert it to .nii or .nii.gz first${how}.`;
}

/** Returns true if a file begins with the length of an Analyze 7.5 header, in either byte order. */
function startsAsAnalyze(start: Uint8Array): boolean {
  if (start.length < 348) return false;
  const view = new DataView(start.buffer, start.byteOffset);
  return view.getInt32(0, true) === 348 || view.getInt32(0, false) === 348;
}
