/**
 * What can be wrong with a model's files.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";

/** Files that are no model, or not the one that is wanted; the message names the file and says what to do. */
export class ModelFileError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "ModelFileError";
}
