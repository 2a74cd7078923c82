/**
 * The errors of image files, one class per cause. Messages name the file and the remedy.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";

/** A file that cannot be used as an image. */
export class ImageFileError extends CrosswarpError {
  /** The name of the class. */
  override readonly name: string = "ImageFileError";
}

/** The file is of none of the formats that are read: NIfTI-1, NIfTI-2, NRRD, MetaImage, Analyze. */
export class NotNiftiError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "NotNiftiError";
}

/** The file ends before its data do, or its compression is damaged. */
export class TruncatedFileError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "TruncatedFileError";
}

/** Voxels are complex, coloured or of a type that is not read. */
export class UnsupportedVoxelsError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "UnsupportedVoxelsError";
}

/** The image is not one three-dimensional volume, has an axis without voxels, or too many of them. */
export class ImageShapeError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "ImageShapeError";
}

/**
 * The geometry cannot be used: the voxel-to-world matrix is singular, sheared or not finite, the header contradicts
 * itself, voxels are too large or too small, or a mask or label image does not fit its image.
 */
export class ImageGeometryError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "ImageGeometryError";
}

/** Some voxels are NaN or infinite. */
export class NonFiniteVoxelsError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "NonFiniteVoxelsError";
}

/** An image that should hold label ids holds other numbers: fractions, negative ones, or ones of 2^31 and more. */
export class NotLabelsError extends ImageFileError {
  /** The name of the class. */
  override readonly name = "NotLabelsError";
}
