/**
 * The flag that selects the matrix of contradictory headers, and the notices about headers. All tasks that read
 * images of the user share them.
 *
 * @module
 */

import { HEADER_MATRICES, type HeaderMatrix, type ReadOptions } from "../volume/read_options.ts";

/** The flag `--trust`. */
export const TRUST = {
  type: "choice",
  choices: HEADER_MATRICES,
  help:
    "The matrix that the task uses if the sform and the qform (with pixdim) of a file contradict each other. By " +
    "default it is the sform, and files with different voxel sizes are refused.",
} as const;

/** A flag that chooses a series of a DICOM folder or zip file. */
export const seriesFlag = (what: string) =>
  ({
    type: "string",
    valueName: "N|UID",
    help:
      `The series, if ${what} is a DICOM folder or zip file with several. Without the flag the task lists them.`,
  }) as const;

/** Options of reading that collect the notices. */
export interface HeaderNotices extends ReadOptions {
  /** The notices so far, one line each. */
  readonly notices: readonly string[];
  /** Records and prints a notice. */
  readonly onNotice: (notice: string) => void;
}

/**
 * The options of reading the images of a task.
 *
 * @param trust - The value of `--trust`.
 * @param log - Prints a line.
 */
export function headerNotices(
  trust: HeaderMatrix | undefined,
  log: (line: string) => void,
): HeaderNotices {
  const notices: string[] = [];
  return {
    trust,
    notices,
    onNotice: (notice) => {
      notices.push(notice);
      log(`Warning: ${notice}`);
    },
  };
}
