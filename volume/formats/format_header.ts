/**
 * The header of an image file of another format than NIfTI in one piece, and the errors that the formats share.
 *
 * @module
 */

import { ImageFileError, ImageShapeError, UnsupportedVoxelsError } from "../nifti_errors.ts";
import type { NiftiHeader } from "../nifti_header.ts";
import type { Encoding } from "./data_stream.ts";

/** NIfTI's intent code of vectors in LPS mm. */
export const VECTOR_INTENT = 1007;

/** A header, and the place of the voxels. */
export interface FormatHeader {
  /** The header; `offset` counts from the first decoded byte of the voxels. */
  readonly header: NiftiHeader;
  /** The name of the file with the voxels, relative to the header; undefined if they follow the header. */
  readonly file: string | undefined;
  /** The first byte of the voxels in their file, before decoding; "end" if they are its last bytes. */
  readonly start: number | "end";
  /** Lines of text before the voxels, after `start`. */
  readonly lines: number;
  /** The encoding of the voxels. */
  readonly encoding: Encoding;
}

/** A header that cannot be used. */
export function badHeader(name: string, what: string, advice = "Export it again."): ImageFileError {
  return new ImageFileError(`${name}: ${what}. ${advice}`);
}

/**
 * Checks that an image has three spatial axes with voxels.
 *
 * @throws {ImageShapeError} when it has not.
 */
export function checkDimensions(dimensions: readonly number[], name: string): void {
  const text = dimensions.join(" x ");
  if (!dimensions.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ImageShapeError(`${name} has an axis without voxels (${text}). Export it again.`);
  }
  if (dimensions.length < 3) {
    throw new ImageShapeError(
      `${name} has ${dimensions.length} axes (${text}); an image of three axes is needed.`,
    );
  }
}

/** The error of a voxel type that is not read. */
export function unsupportedType(name: string, type: string): UnsupportedVoxelsError {
  return new UnsupportedVoxelsError(
    `${name} holds voxels of the type "${type}"; only real numbers can be registered. Convert it first.`,
  );
}
