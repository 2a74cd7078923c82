/**
 * The six parameters of a rigid transform: the vector part of a versor (a unit quaternion with a
 * non-negative scalar part; the sine of half the angle along the axis) and a translation in mm, about a
 * given centre, as in ITK's VersorRigid3DTransform: `T(x) = R (x - c) + c + t`.
 *
 * @module
 */

import {
  determinant3,
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  type Triple,
} from "../../volume/affine.ts";

/** Versor x, y, z (no unit), then translation x, y, z in mm. */
export type RigidParameters = readonly [number, number, number, number, number, number];

/** The matrix of rigid parameters about `centre` (RAS mm). A versor longer than 1 is shortened to 1. */
export function rigidMatrix(parameters: RigidParameters, centre: Triple): Matrix4 {
  const [px, py, pz, tx, ty, tz] = parameters;
  const length = Math.max(1, Math.hypot(px, py, pz));
  const x = px / length;
  const y = py / length;
  const z = pz / length;
  const w = Math.sqrt(Math.max(0, 1 - x * x - y * y - z * z));
  // deno-fmt-ignore
  const r = [
    1 - 2 * (y * y + z * z), 2 * (x * y - w * z), 2 * (x * z + w * y),
    2 * (x * y + w * z), 1 - 2 * (x * x + z * z), 2 * (y * z - w * x),
    2 * (x * z - w * y), 2 * (y * z + w * x), 1 - 2 * (x * x + y * y),
  ];
  const t = [tx, ty, tz];
  return [0, 1, 2].flatMap((row) => {
    const [a, b, c] = r.slice(3 * row);
    const rest = centre[row] + t[row] - (a * centre[0] + b * centre[1] + c * centre[2]);
    return [a, b, c, rest];
  }).concat([0, 0, 0, 1]);
}

/**
 * The parameters of a rigid matrix about `centre` (RAS mm): {@link rigidMatrix} gives the matrix back.
 *
 * @throws {RangeError} when the matrix is not rigid: a scaling, a shear or a mirroring.
 */
export function rigidParameters(matrix: Matrix4, centre: Triple): RigidParameters {
  requireRigid(matrix);
  const m = matrix;
  // The largest of the four components is safe to divide by (Shepperd 1978).
  const squares = [
    1 + m[0] - m[5] - m[10],
    1 - m[0] + m[5] - m[10],
    1 - m[0] - m[5] + m[10],
    1 + m[0] + m[5] + m[10],
  ];
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(squares[largest]);
  const q = [
    [root, (m[1] + m[4]) / root, (m[2] + m[8]) / root, (m[9] - m[6]) / root],
    [(m[1] + m[4]) / root, root, (m[6] + m[9]) / root, (m[2] - m[8]) / root],
    [(m[2] + m[8]) / root, (m[6] + m[9]) / root, root, (m[4] - m[1]) / root],
    [(m[9] - m[6]) / root, (m[2] - m[8]) / root, (m[4] - m[1]) / root, root],
  ][largest].map((value) => value / 2);
  const sign = q[3] < 0 ? -1 : 1;
  const moved = transformPoint(m, centre);
  return [
    sign * q[0],
    sign * q[1],
    sign * q[2],
    moved[0] - centre[0],
    moved[1] - centre[1],
    moved[2] - centre[2],
  ];
}

/**
 * Refuses a matrix that is not a rotation and a translation.
 *
 * @throws {RangeError} when the matrix is not rigid; the message gives the error of its axes and its determinant.
 */
export function requireRigid(matrix: Matrix4, name = "matrix"): void {
  if (matrix.length !== 16 || !matrix.every(Number.isFinite)) {
    throw new RangeError(`\`${name}\` must be 16 finite numbers, row-major`);
  }
  let error = 0;
  for (let i = 0; i < 3; i++) {
    for (let j = 0; j < 3; j++) {
      const dot = [0, 4, 8].reduce((sum, r) => sum + matrix[r + i] * matrix[r + j], 0);
      error = Math.max(error, Math.abs(dot - (i === j ? 1 : 0)));
    }
  }
  const [a, b, c, d] = matrix.slice(12);
  if (error > 1e-3 || determinant3(matrix) < 0 || a !== 0 || b !== 0 || c !== 0 || d !== 1) {
    throw new RangeError(
      `\`${name}\` must be rigid (a rotation and a translation, RAS mm): its axes are off by ` +
        `${error.toPrecision(2)}, its determinant is ${determinant3(matrix).toFixed(4)}`,
    );
  }
}

/** The difference between two rigid transforms. */
export interface RigidDifference {
  /** Angle of the rotation between the two transforms. */
  readonly degrees: number;
  /** Distance between the two images of `centre`, mm. */
  readonly millimetres: number;
}

/** The angle between two rigid matrices and the distance between the points that `centre` maps to. */
export function rigidDifference(a: Matrix4, b: Matrix4, centre: Triple): RigidDifference {
  const [x, y, z] = rigidParameters(multiply(invert(a), b), centre);
  const pa = transformPoint(a, centre);
  const pb = transformPoint(b, centre);
  return {
    degrees: 2 * Math.asin(Math.min(1, Math.hypot(x, y, z))) * 180 / Math.PI,
    millimetres: Math.hypot(pa[0] - pb[0], pa[1] - pb[1], pa[2] - pb[2]),
  };
}

/**
 * The scale of each parameter in the search, as in MATLAB's imregister: 1 for the rotation and 1 / hypot(two smallest extents of the fixed image in mm) for the translation.
 */
export function rigidScales(extent: Triple): RigidParameters {
  const [first, second] = [...extent].sort((a, b) => a - b);
  const translation = 1 / Math.hypot(first, second);
  return [1, 1, 1, translation, translation, translation];
}
