/**
 * The error of files that do not hold the expected model.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";

/** Is thrown if a file is not a model, or not the expected one; the message names the file and a remedy. */
export class ModelFileError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "ModelFileError";
}
