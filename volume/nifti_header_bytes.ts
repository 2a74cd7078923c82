/**
 * Encodes a NIfTI-1 header.
 *
 * @module
 */

import { NIFTI1 } from "nifti-reader-js";
import { transformPoint, type Triple } from "./affine.ts";
import type { Grid } from "./grid.ts";
import { SHEAR_TOLERANCE, shearOf } from "./header_geometry.ts";
import { matrixOfQform, type Qform, qformOf } from "./qform.ts";
import { type VoxelType, WRITTEN_TYPES } from "./voxel_types.ts";

/** The contents of a header in addition to the grid. */
export interface HeaderContents {
  /** The voxel type. */
  readonly type: VoxelType;
  /** Length of each axis, at most seven. */
  readonly dimensions: readonly number[];
  /** Free text, cut at 79 bytes. */
  readonly description: string;
  /** NIfTI's intent code; default 0, none. */
  readonly intent?: number | undefined;
}

/** The maximum distance in mm between the corners of the image by sform and by qform. */
const QFORM_TOLERANCE = 1e-3;

/** Cosine between two axes up to which ITK takes an sform; measured, it lies between this and 1e-4. */
const ITK_SHEAR = 3e-5;

/** The longest axis of NIfTI-1. */
const LONGEST = 32767;

/**
 * The 352 bytes before the voxels of a single-file NIfTI-1 image (little-endian, mm, no scaling, no
 * extension). The matrix is the sform, of code 1 (scanner), and where it is a rotation also the qform. A
 * quaternion near a half turn, which single precision holds to 0.04 degrees only, is left out (code 0).
 * ITK refuses an sform with a cosine of 1e-4 between two axes and takes the qform; for such a matrix, up
 * to the cosine of 1e-3 that is read, the qform is the nearest rotation.
 *
 * @throws {RangeError} when an axis is longer than 32767 voxels.
 */
export function niftiHeader(grid: Grid, contents: HeaderContents): Uint8Array {
  const { type, dimensions, description, intent = 0 } = contents;
  if (dimensions.some((n) => n > LONGEST)) {
    throw new RangeError(
      `An image of ${dimensions.join(" x ")} cannot be written: NIfTI-1 has axes up to ${LONGEST}`,
    );
  }
  const { code, make } = WRITTEN_TYPES[type];
  const qform = qformOf(grid.affine, grid.spacing);
  const header = new NIFTI1();
  header.littleEndian = true;
  header.dims = [dimensions.length, ...dimensions, ...new Array(7 - dimensions.length).fill(1)];
  header.datatypeCode = code;
  header.numBitsPerVoxel = 8 * make.BYTES_PER_ELEMENT;
  header.pixDims = [qform.factor, ...grid.spacing, 1, 1, 1, 1];
  header.vox_offset = 352;
  header.scl_slope = 1;
  header.scl_inter = 0;
  header.xyzt_units = 2;
  header.intent_code = intent;
  header.description = cut(description, 79);
  header.magic = "n+1\0";
  header.sform_code = 1;
  header.affine = [0, 4, 8, 12].map((row) => grid.affine.slice(row, row + 4));
  const shear = shearOf(grid.affine);
  const needed = shear > ITK_SHEAR && shear <= SHEAR_TOLERANCE;
  header.qform_code = needed || agrees(grid, qform) ? 1 : 0;
  [header.quatern_b, header.quatern_c, header.quatern_d] = qform.quaternion;
  [header.qoffset_x, header.qoffset_y, header.qoffset_z] = qform.offset;
  return new Uint8Array(header.toArrayBuffer());
}

/** Returns true if a qform maps every corner of the grid to the same place as the grid's matrix. */
function agrees(grid: Grid, qform: Qform): boolean {
  const matrix = matrixOfQform(qform);
  for (let corner = 0; corner < 8; corner++) {
    const index = grid.size.map((n, axis) => corner >> axis & 1 ? n - 1 : 0) as unknown as Triple;
    const a = grid.world(index);
    const b = transformPoint(matrix, index);
    if (Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > QFORM_TOLERANCE) return false;
  }
  return true;
}

/** The longest start of a text that fits into the given number of bytes of UTF-8. */
function cut(text: string, bytes: number): string {
  const { read } = new TextEncoder().encodeInto(text, new Uint8Array(bytes));
  return text.slice(0, read);
}
