/**
 * Label images that were given in the place of intensity images.
 *
 * @module
 */

import { ImageFileError } from "../volume/nifti_errors.ts";
import type { Volume } from "../volume/volume.ts";

/** The number of different whole numbers up to which an image looks like labels. */
const MAX_LABELS = 64;

/**
 * Refuses an image with few different whole numbers: an intensity image has many values.
 *
 * @param name - The file, for the message.
 * @param advice - The sentence that tells the user what to do, without its full stop.
 * @throws {ImageFileError} when the image looks like a label image.
 */
export function refuseLabels({ data }: Volume, name: string, advice: string): void {
  const values = new Set<number>();
  for (const value of data) {
    if (!Number.isInteger(value) || values.add(value).size > MAX_LABELS) return;
  }
  throw new ImageFileError(
    `${name} holds only ${values.size} different whole numbers: it looks like a label image. ` +
      `${advice}.`,
  );
}
