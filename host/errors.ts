/**
 * The base of all errors of this library, and the error of files that cannot be read or written.
 *
 * @module
 */

/** The base class of every error that this library defines. */
export class CrosswarpError extends Error {
  /** The name of the class. */
  override readonly name: string = "CrosswarpError";
}

/** A file or folder is missing, or cannot be read or written. */
export class FileAccessError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "FileAccessError";
}
