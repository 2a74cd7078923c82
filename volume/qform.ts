/**
 * NIfTI's qform: a voxel-to-world matrix as a quaternion, voxel sizes and an offset.
 *
 * The formulas are those of the NIfTI-1 standard, section "Orientation and location in space" (method 2).
 *
 * @module
 */

import { determinant3, type Matrix4, type Triple } from "./affine.ts";

/** A qform. */
export interface Qform {
  /** The quaternion's b, c, d; a = sqrt(1 - b^2 - c^2 - d^2) is not stored. */
  readonly quaternion: Triple;
  /** 1, or -1 where the third axis is mirrored. */
  readonly factor: number;
  /** Voxel sizes. */
  readonly spacing: Triple;
  /** World position of voxel (0, 0, 0). */
  readonly offset: Triple;
}

/** The matrix of a qform, in the qform's unit of length. */
export function matrixOfQform({ quaternion, factor, spacing, offset }: Qform): Matrix4 {
  let [b, c, d] = quaternion;
  const rest = 1 - (b * b + c * c + d * d);
  let a = 0;
  if (rest > 1e-7) a = Math.sqrt(rest);
  else {
    // A half turn, up to rounding: as in the standard's code, a = 0 and (b, c, d) is normalised.
    const length = Math.sqrt(b * b + c * c + d * d);
    [b, c, d] = [b / length, c / length, d / length];
  }
  const [dx, dy] = spacing;
  const dz = spacing[2] * (factor < 0 ? -1 : 1);
  const [x, y, z] = offset;
  // deno-fmt-ignore
  return [
    (a * a + b * b - c * c - d * d) * dx,
      2 * (b * c - a * d) * dy,
      2 * (b * d + a * c) * dz,
      x,
    2 * (b * c + a * d) * dx,
      (a * a + c * c - b * b - d * d) * dy,
      2 * (c * d - a * b) * dz,
      y,
    2 * (b * d - a * c) * dx,
      2 * (c * d + a * b) * dy,
      (a * a + d * d - b * b - c * c) * dz,
      z,
    0, 0, 0, 1,
  ];
}

/** The qform nearest to a matrix, rounded to single precision as NIfTI-1 stores it. */
export function qformOf(m: Matrix4, spacing: Triple): Qform {
  const factor = determinant3(m) < 0 ? -1 : 1;
  const r = [0, 1, 2].map((row) =>
    [0, 1, 2].map((column) => m[4 * row + column] / spacing[column] * (column === 2 ? factor : 1))
  );
  const trace = r[0][0] + r[1][1] + r[2][2];
  // The largest of the four components first, so that no division is by a small number.
  const squares = [
    1 + trace,
    1 + (2 * r[0][0] - trace),
    1 + (2 * r[1][1] - trace),
    1 + (2 * r[2][2] - trace),
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(squares[largest]) / 2;
  const difference = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  let a = root;
  let vector: number[];
  if (largest === 0) vector = difference.map((value) => value / (4 * root));
  else {
    const i = largest - 1;
    a = difference[i] / (4 * root);
    vector = [0, 1, 2].map((k) => k === i ? root : (r[i][k] + r[k][i]) / (4 * root));
  }
  // A quaternion and its negative are one rotation; a is taken to be positive.
  const scale = (a < 0 ? -1 : 1) / Math.hypot(a, ...vector);
  return {
    quaternion: single(vector.map((value) => value * scale)),
    factor,
    spacing: single(spacing),
    offset: single([m[3], m[7], m[11]]),
  };
}

function single(values: readonly number[]): Triple {
  // Adding 0 turns -0 into 0.
  return [Math.fround(values[0]) + 0, Math.fround(values[1]) + 0, Math.fround(values[2]) + 0];
}
