/**
 * Maps of points, from the fixed to the moving image and back: transforms of a registration, matrices, displacement
 * fields, and chains of them.
 *
 * @module
 */

import {
  invert,
  type Matrix4,
  transformPoint,
  transformVector,
  type Triple,
} from "../volume/affine.ts";
import { type ControlGrid, displacementMap, type Transform } from "./transform.ts";

/** A point that was found by a search. */
export interface FoundPoint {
  /** The point, RAS mm. */
  readonly point: Triple;
  /** The distance from the given point to the map of the found point, mm. */
  readonly residual: number;
}

/** A map of points in RAS mm. */
export interface PointTransform {
  /** The point of the moving image that corresponds to a point of the fixed image. */
  readonly forward: (point: Triple) => Triple;
  /** The point of the fixed image that corresponds to a point of the moving image. */
  readonly inverse: (point: Triple) => FoundPoint;
}

/** The error in mm that ends the search for an inverse point. */
export const INVERSE_TOLERANCE = 1e-4;

/** Maximum number of Newton steps per point. */
const STEPS = 50;
/** Maximum number of halvings of a step that does not reduce the error. */
const HALVINGS = 12;
/** The distance of the differences that give the Jacobian matrix, mm. */
const DIFFERENCE = 1e-3;

/** The map of a transform: rigid(x + u(x)). */
export function ofTransform({ rigid, controlGrid }: Transform): PointTransform {
  if (controlGrid === undefined) return ofMatrix(rigid);
  const u = displacementMap(controlGrid);
  const deform = (x: Triple): Triple => add(x, u(x));
  // Rigid maps preserve lengths, so that the search may leave the rigid part out.
  const toFixed = invert(rigid);
  return {
    forward: (point) => transformPoint(rigid, deform(point)),
    inverse: (point) => solve(deform, transformPoint(toFixed, point)),
  };
}

/**
 * The map of an affine matrix.
 *
 * @throws {RangeError} when it is singular.
 */
export function ofMatrix(matrix: Matrix4): PointTransform {
  const back = invert(matrix);
  return {
    forward: (point) => transformPoint(matrix, point),
    inverse: (point) => ({ point: transformPoint(back, point), residual: 0 }),
  };
}

/** The map x + u(x) of a displacement field as ITK takes it: linear between its points, the identity beyond. */
export function ofField(field: ControlGrid): PointTransform {
  const u = displacementMap(field);
  const toIndex = invert(field.affine);
  const forward = (point: Triple): Triple => {
    const isInside = transformPoint(toIndex, point)
      .every((v, axis) => v >= -0.5 && v <= field.size[axis] - 0.5);
    return isInside ? add(point, u(point)) : point;
  };
  return { forward, inverse: (point) => solve(forward, point) };
}

/** Maps one after another: the first leads away from the fixed image, the last to the moving image. */
export function chainOf(maps: readonly PointTransform[]): PointTransform {
  if (maps.length === 1) return maps[0];
  return {
    forward: (point) => maps.reduce((p, { forward }) => forward(p), point),
    inverse: (point) =>
      maps.reduceRight<FoundPoint>((found, { inverse }) => {
        const next = inverse(found.point);
        return { point: next.point, residual: Math.max(found.residual, next.residual) };
      }, { point, residual: 0 }),
  };
}

/** The point x with map(x) = p, and the length of what remains. */
function solve(map: (x: Triple) => Triple, p: Triple): FoundPoint {
  let point = p;
  let error = add(p, map(point), -1);
  for (let step = 0; step < STEPS && length(error) > INVERSE_TOLERANCE; step++) {
    // Where the map is near the identity, the error itself is a good step and costs one evaluation.
    const simple = add(point, error);
    const simpleError = add(p, map(simple), -1);
    if (length(simpleError) < length(error) / 2) {
      [point, error] = [simple, simpleError];
      continue;
    }
    const direction = newtonStep(map, point, error);
    let isBetter = false;
    for (let scale = 1, k = 0; k < HALVINGS && !isBetter; scale /= 2, k++) {
      const next = add(point, direction, scale);
      const rest = add(p, map(next), -1);
      isBetter = length(rest) < length(error);
      if (isBetter) [point, error] = [next, rest];
    }
    if (!isBetter) break;
  }
  return { point, residual: length(error) };
}

/** The step that removes the error to first order; the error itself where the map is singular. */
function newtonStep(map: (x: Triple) => Triple, point: Triple, error: Triple): Triple {
  const columns = [0, 1, 2].map((axis) => {
    const shifted = (sign: number) =>
      map(point.map((v, k) => k === axis ? v + sign * DIFFERENCE : v) as unknown as Triple);
    return add(shifted(1), shifted(-1), -1).map((v) => v / (2 * DIFFERENCE));
  });
  const row = (k: number) => columns.map((column) => column[k]);
  try {
    return transformVector(invert([...row(0), 0, ...row(1), 0, ...row(2), 0, 0, 0, 0, 1]), error);
  } catch {
    return error;
  }
}

function add(a: Triple, b: Triple, scale = 1): Triple {
  return [a[0] + scale * b[0], a[1] + scale * b[1], a[2] + scale * b[2]];
}

function length([x, y, z]: Triple): number {
  return Math.hypot(x, y, z);
}
