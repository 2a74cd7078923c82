/**
 * 4x4 homogeneous matrices, row-major, and the few operations that image geometry needs.
 *
 * @module
 */

/** Three numbers along x, y, z. */
export type Triple = readonly [number, number, number];

/** A 4x4 homogeneous matrix, row-major: element (row, column) is at `4 * row + column`. */
export type Matrix4 = readonly number[];

/** The identity matrix. */
export const IDENTITY: Matrix4 = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];

/**
 * The product `a b`: applying it to a point applies `b` first.
 *
 * @example Usage
 * ```ts
 * import { IDENTITY, multiply } from "./affine.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(multiply(IDENTITY, IDENTITY), IDENTITY);
 * ```
 */
export function multiply(a: Matrix4, b: Matrix4): Matrix4 {
  const product = new Array<number>(16);
  for (let row = 0; row < 4; row++) {
    for (let column = 0; column < 4; column++) {
      let sum = 0;
      for (let k = 0; k < 4; k++) sum += a[4 * row + k] * b[4 * k + column];
      product[4 * row + column] = sum;
    }
  }
  return product;
}

/** The point `m p` (affine: the last row of `m` is taken to be 0 0 0 1). */
export function transformPoint(m: Matrix4, p: Triple): Triple {
  return [
    m[0] * p[0] + m[1] * p[1] + m[2] * p[2] + m[3],
    m[4] * p[0] + m[5] * p[1] + m[6] * p[2] + m[7],
    m[8] * p[0] + m[9] * p[1] + m[10] * p[2] + m[11],
  ];
}

/** The vector `m v`, without translation. */
export function transformVector(m: Matrix4, v: Triple): Triple {
  return [
    m[0] * v[0] + m[1] * v[1] + m[2] * v[2],
    m[4] * v[0] + m[5] * v[1] + m[6] * v[2],
    m[8] * v[0] + m[9] * v[1] + m[10] * v[2],
  ];
}

/** The determinant of the upper-left 3x3 block. */
export function determinant3(m: Matrix4): number {
  return m[0] * (m[5] * m[10] - m[6] * m[9]) -
    m[1] * (m[4] * m[10] - m[6] * m[8]) +
    m[2] * (m[4] * m[9] - m[5] * m[8]);
}

/**
 * The inverse of an affine matrix.
 *
 * @throws {RangeError} when the 3x3 block is singular.
 */
export function invert(m: Matrix4): Matrix4 {
  const det = determinant3(m);
  if (!Number.isFinite(det) || det === 0) {
    throw new RangeError("`m` is singular: its 3x3 block has determinant " + det);
  }
  const r = 1 / det;
  const i = [
    (m[5] * m[10] - m[6] * m[9]) * r,
    (m[2] * m[9] - m[1] * m[10]) * r,
    (m[1] * m[6] - m[2] * m[5]) * r,
    (m[6] * m[8] - m[4] * m[10]) * r,
    (m[0] * m[10] - m[2] * m[8]) * r,
    (m[2] * m[4] - m[0] * m[6]) * r,
    (m[4] * m[9] - m[5] * m[8]) * r,
    (m[1] * m[8] - m[0] * m[9]) * r,
    (m[0] * m[5] - m[1] * m[4]) * r,
  ];
  const t = [0, 1, 2].map((k) => -(i[3 * k] * m[3] + i[3 * k + 1] * m[7] + i[3 * k + 2] * m[11]));
  return [i[0], i[1], i[2], t[0], i[3], i[4], i[5], t[1], i[6], i[7], i[8], t[2], 0, 0, 0, 1];
}
