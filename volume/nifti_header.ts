/**
 * A NIfTI file's header: shape, voxel type, scaling and the voxel-to-world matrix.
 *
 * @module
 */

import * as nifti from "nifti-reader-js";
import { determinant3, type Matrix4 } from "./affine.ts";
import { ImageGeometryError, NotNiftiError } from "./nifti_errors.ts";

/** What is needed of a header. */
export interface NiftiHeader {
  /** Length of each axis, as many as the file declares. */
  readonly dimensions: readonly number[];
  /** NIfTI's data type code. */
  readonly type: number;
  /** Byte order. */
  readonly littleEndian: boolean;
  /** First byte of the voxels. */
  readonly offset: number;
  /** Intensity = slope * stored + intercept. */
  readonly slope: number;
  /** See `slope`. */
  readonly intercept: number;
  /** Voxel index to RAS mm. */
  readonly affine: Matrix4;
  /** NIfTI's intent code (1007: a displacement vector). */
  readonly intent: number;
}

/** Cosine between two voxel axes above which a matrix counts as sheared (0.57 degrees). */
export const SHEAR_TOLERANCE = 0.01;

const SPATIAL_UNITS: Readonly<Record<number, number>> = { 1: 1000, 2: 1, 3: 0.001 };

/**
 * Parses and checks the header of an uncompressed file. The matrix is the sform when its code is set,
 * else the qform, else the voxel size alone, as the standard says.
 *
 * @throws {NotNiftiError} when it is not a NIfTI file in one piece.
 * @throws {ImageGeometryError} when the matrix is singular, sheared or not finite.
 */
export function parseHeader(data: ArrayBuffer, name: string): NiftiHeader {
  if (!nifti.isNIFTI(data)) {
    const pair = nifti.isNIFTI(data, true) || isAnalyze(data);
    throw new NotNiftiError(
      pair
        ? `${name} is the header of an Analyze or two-file NIfTI image. ` +
          "Convert the pair to one .nii file (for example with dcm2niix or nibabel)."
        : `${name} is not a NIfTI file. Convert it to .nii or .nii.gz first.`,
    );
  }
  const header = nifti.readHeader(data);
  const second = header instanceof nifti.NIFTI2;
  const view = new DataView(data), little = header.littleEndian;
  const count = Math.min(Math.max(header.dims[0], 0), 7);
  const units = SPATIAL_UNITS[header.xyzt_units & 7] ?? 1;
  const affine = matrixOf(view, second, little, header.pixDims).map((value, i) =>
    i < 12 ? value * units : value
  );
  checkMatrix(affine, name);
  return {
    dimensions: header.dims.slice(1, 1 + count),
    type: header.datatypeCode,
    littleEndian: little,
    offset: Math.max(Number(header.vox_offset), second ? 544 : 352),
    slope: Number.isFinite(header.scl_slope) && header.scl_slope !== 0 ? header.scl_slope : 1,
    intercept: Number.isFinite(header.scl_inter) && header.scl_slope !== 0 &&
        Number.isFinite(header.scl_slope)
      ? header.scl_inter
      : 0,
    affine,
    intent: header.intent_code,
  };
}

/** Whether a file begins as an Analyze 7.5 header does. */
function isAnalyze(data: ArrayBuffer): boolean {
  if (data.byteLength < 348) return false;
  const view = new DataView(data);
  return view.getInt32(0, true) === 348 || view.getInt32(0, false) === 348;
}

/** The voxel-to-world matrix, in the file's own units. */
function matrixOf(view: DataView, second: boolean, little: boolean, sizes: number[]): number[] {
  const code = (at: number) => second ? view.getInt32(at, little) : view.getInt16(at, little);
  const real = (at: number) => second ? view.getFloat64(at, little) : view.getFloat32(at, little);
  const bytes = second ? 8 : 4;
  const [qform, sform] = second ? [code(344), code(348)] : [code(252), code(254)];
  if (sform > 0) {
    const rows = second ? 400 : 280;
    return [...Array.from({ length: 12 }, (_, i) => real(rows + bytes * i)), 0, 0, 0, 1];
  }
  const [dx, dy, dz] = sizes.slice(1, 4).map((size) => Math.abs(size) || 1);
  if (qform <= 0) return [dx, 0, 0, 0, 0, dy, 0, 0, 0, 0, dz, 0, 0, 0, 0, 1];
  const at = second ? 352 : 256;
  const [b, c, d, x, y, z] = [0, 1, 2, 3, 4, 5].map((i) => real(at + bytes * i));
  const a = Math.sqrt(Math.max(0, 1 - b * b - c * c - d * d));
  const q = sizes[0] < 0 ? -dz : dz;
  return [
    ...[(a * a + b * b - c * c - d * d) * dx, 2 * (b * c - a * d) * dy, 2 * (b * d + a * c) * q, x],
    ...[2 * (b * c + a * d) * dx, (a * a + c * c - b * b - d * d) * dy, 2 * (c * d - a * b) * q, y],
    ...[2 * (b * d - a * c) * dx, 2 * (c * d + a * b) * dy, (a * a + d * d - b * b - c * c) * q, z],
    ...[0, 0, 0, 1],
  ];
}

function checkMatrix(m: Matrix4, name: string): void {
  const text = () => [0, 4, 8].map((i) => m.slice(i, i + 4).join(" ")).join(" / ");
  if (!m.every(Number.isFinite)) {
    throw new ImageGeometryError(
      `${name}: the voxel-to-world matrix is not finite (${text()}). Repair the header.`,
    );
  }
  const lengths = [0, 1, 2].map((i) => Math.hypot(m[i], m[4 + i], m[8 + i]));
  const volume = lengths[0] * lengths[1] * lengths[2];
  if (!(Math.abs(determinant3(m)) > 1e-6 * volume) || volume === 0) {
    throw new ImageGeometryError(
      `${name}: the voxel-to-world matrix is singular (${text()}). Repair the sform or qform.`,
    );
  }
  for (const [i, j] of [[0, 1], [0, 2], [1, 2]]) {
    const cosine = (m[i] * m[j] + m[4 + i] * m[4 + j] + m[8 + i] * m[8 + j]) /
      (lengths[i] * lengths[j]);
    if (Math.abs(cosine) > SHEAR_TOLERANCE) {
      throw new ImageGeometryError(
        `${name}: its voxel axes are not at right angles (cosine ${cosine.toFixed(4)}, allowed ` +
          `${SHEAR_TOLERANCE}). Resample it onto a grid without shear first.`,
      );
    }
  }
}
