/**
 * A NIfTI file's header: shape, voxel type, scaling and the voxel-to-world matrix.
 *
 * @module
 */

import * as nifti from "nifti-reader-js";
import type { Matrix4, Triple } from "./affine.ts";
import { headerAffine, type HeaderGeometry } from "./header_geometry.ts";
import { ImageShapeError, NotNiftiError, TruncatedFileError } from "./nifti_errors.ts";
import { describeOtherFile } from "./other_formats.ts";
import type { ReadOptions } from "./read_options.ts";

/** The parts of a header that reading needs. */
export interface NiftiHeader {
  /** Length of each axis that the file declares; all are positive. */
  readonly dimensions: readonly number[];
  /** Values per voxel, stored one after another; undefined for one. NIfTI stores volumes instead. */
  readonly interleaved?: number | undefined;
  /** NIfTI's data type code. */
  readonly type: number;
  /** Byte order. */
  readonly littleEndian: boolean;
  /** First byte of the voxels. */
  readonly offset: number;
  /** Intensity = slope * stored + intercept. */
  readonly slope: number;
  /** The intercept in the formula of `slope`. */
  readonly intercept: number;
  /** Voxel index to RAS mm. */
  readonly affine: Matrix4;
  /** NIfTI's intent code (1007: a vector). */
  readonly intent: number;
  /** NIfTI's intent name. */
  readonly intentName: string;
}

/** Bytes of a NIfTI-1 and of a NIfTI-2 header, with the four bytes that say whether extensions follow. */
export const HEADER_BYTES: { first: number; second: number } = { first: 352, second: 544 };

type Header = nifti.NIFTI1 | nifti.NIFTI2;

/**
 * Parses and checks the header in the first bytes of an uncompressed file (544 of them, or all if there
 * are fewer). {@link headerAffine} finds the matrix; metres and micrometres become millimetres. Extensions
 * are skipped.
 *
 * @throws {NotNiftiError} when it is not a NIfTI file in one piece.
 * @throws {TruncatedFileError} when it ends within the header.
 * @throws {ImageShapeError} when an axis has no voxels.
 * @throws {ImageGeometryError} when the geometry contradicts itself or cannot be used; see {@link headerAffine}.
 */
export function parseHeader(
  start: Uint8Array,
  name: string,
  options: ReadOptions = {},
): NiftiHeader {
  const header = readHeader(start, name);
  const second = header instanceof nifti.NIFTI2;
  const offset = Math.trunc(Number(header.vox_offset));
  if (!(offset >= 0 && offset < Number.MAX_SAFE_INTEGER)) {
    throw new NotNiftiError(
      `${name}: its header is damaged (voxels at byte ${header.vox_offset}). Export it again.`,
    );
  }
  const dimensions = dimensionsOf(header.dims, name);
  const scaled = Number.isFinite(header.scl_slope) && header.scl_slope !== 0;
  return {
    dimensions,
    type: header.datatypeCode,
    littleEndian: header.littleEndian,
    offset: Math.max(offset, second ? HEADER_BYTES.second : HEADER_BYTES.first),
    slope: scaled ? header.scl_slope : 1,
    intercept: scaled && Number.isFinite(header.scl_inter) ? header.scl_inter : 0,
    affine: headerAffine(geometryOf(header, dimensions), name, options),
    intent: header.intent_code,
    intentName: header.intent_name.replace(/\0.*/s, ""),
  };
}

function readHeader(start: Uint8Array, name: string): Header {
  const other = describeOtherFile(start, name);
  if (other !== undefined) throw new NotNiftiError(other);
  const length = (nifti.isNIFTI1(start.slice().buffer) ? HEADER_BYTES.first : HEADER_BYTES.second) -
    4;
  if (start.length < length) {
    throw new TruncatedFileError(
      `${name} ends within its header, at ${start.length} bytes. Copy or export the file again.`,
    );
  }
  // Without the bytes behind the header, so that the library does not look for extensions there.
  const bytes = start.slice(0, length);
  try {
    const header = nifti.readHeader(bytes.buffer);
    if (header instanceof nifti.NIFTI2 || header.sform_code <= 0) return header;
    // The library puts a qform of a higher code in the sform's place.
    const view = new DataView(bytes.buffer);
    header.affine = [0, 1, 2].map((row) =>
      [0, 1, 2, 3].map((k) => view.getFloat32(280 + 16 * row + 4 * k, header.littleEndian))
    );
    return header;
  } catch (cause) {
    throw new NotNiftiError(
      `${name} is not a NIfTI file, or its header is damaged. Convert it to .nii or .nii.gz first.`,
      { cause },
    );
  }
}

function dimensionsOf(dims: readonly number[], name: string): number[] {
  const count = dims[0];
  const dimensions = dims.slice(1, 1 + count);
  if (!(count >= 1 && count <= 7)) {
    throw new ImageShapeError(
      `${name}: its header declares ${count} axes; NIfTI has 1 to 7. Export it again.`,
    );
  }
  if (!dimensions.every((n) => Number.isSafeInteger(n) && n > 0)) {
    throw new ImageShapeError(
      `${name} has an axis without voxels (${dimensions.join(" x ")}). Export it again.`,
    );
  }
  return dimensions;
}

/** The statements of a header about the geometry; for NIfTI-2 the library knows the sform alone. */
function geometryOf(header: Header, dimensions: readonly number[]): HeaderGeometry {
  const pixdim = header.pixDims.slice(1, 4).map(Math.abs) as unknown as Triple;
  const hasSform = header.sform_code > 0;
  const hasQform = header.qform_code > 0;
  return {
    dimensions,
    pixdim,
    units: header.xyzt_units & 7,
    sform: hasSform ? [...header.affine.slice(0, 3).flat(), 0, 0, 0, 1] : undefined,
    qform: hasQform
      ? {
        quaternion: [header.quatern_b, header.quatern_c, header.quatern_d],
        factor: header.pixDims[0],
        spacing: pixdim,
        offset: [header.qoffset_x, header.qoffset_y, header.qoffset_z],
      }
      : undefined,
  };
}
