/**
 * Options of reading image files, and the notices about their headers.
 *
 * @module
 */

/**
 * A matrix of a NIfTI header: "sform", or "qform" with the voxel sizes of pixdim. A header without a qform then
 * has the axes and the position of its sform, and the voxel sizes of pixdim.
 */
export type HeaderMatrix = "sform" | "qform";

/** The matrices of a NIfTI header. */
export const HEADER_MATRICES: readonly HeaderMatrix[] = ["sform", "qform"];

/** Options of reading an image file. */
export interface ReadOptions {
  /**
   * The matrix that is used if both are present. By default it is the sform, and a file whose sform and pixdim give
   * voxel sizes that differ by more than 1 % is refused.
   */
  readonly trust?: HeaderMatrix | undefined;
  /**
   * The series of a DICOM folder or zip file: its number in the list that the error of a folder with several series has, or its UID
   * if no other series has the same one.
   * By default a folder with several series is refused.
   */
  readonly series?: string | undefined;
  /**
   * Is called with each notice about a header that contradicts itself, or that has no complete
   * position: one line that names the file. By default `console.warn` prints each notice once.
   */
  readonly onNotice?: ((notice: string) => void) | undefined;
}

const printed = new Set<string>();

/** Prints a notice, if it was not printed before. */
export function printNotice(notice: string): void {
  if (printed.has(notice)) return;
  printed.add(notice);
  console.warn(notice);
}
