/**
 * The error of DICOM folders.
 *
 * @module
 */

import { printable } from "../../host/parse_json.ts";
import { ImageFileError } from "../nifti_errors.ts";

/** A DICOM folder has no usable series, or several; or the chosen series cannot be read as one volume. */
export class DicomSeriesError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "DicomSeriesError";

  /** The series among which the user must choose, one line each; empty if there is nothing to choose. */
  readonly series: readonly string[];

  /** An error whose message may quote the file; control characters become "?". */
  constructor(
    message: string,
    options: ErrorOptions & { readonly series?: readonly string[] | undefined } = {},
  ) {
    super(printable(message), options);
    this.series = options.series?.map(printable) ?? [];
  }
}
