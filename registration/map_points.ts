/**
 * Points through a transform, in both directions.
 *
 * @module
 */

import { invert, transformPoint, type Triple } from "../volume/affine.ts";
import { displacementMap, type Transform } from "./transform.ts";

/** Options of {@link mapPoints}. */
export interface MapPointsOptions {
  /** The transform of a registration. */
  readonly transform: Transform;
  /** Points of the fixed image in RAS mm; with `inverse` of the moving image. */
  readonly points: readonly Triple[];
  /** Maps points of the moving image to the fixed image. Default false: from the fixed to the moving image. */
  readonly inverse?: boolean | undefined;
}

/** The result of {@link mapPoints}. */
export interface MappedPoints {
  /** The corresponding points of the other image, RAS mm, in the same order. */
  readonly points: readonly Triple[];
  /**
   * The error of each point, mm: the distance from the given point to the map of the found point. 0 without `inverse`;
   * with it below {@link INVERSE_TOLERANCE}, except where the transform folds.
   */
  readonly residuals: readonly number[];
}

/** The error in mm that ends the search for an inverse point. */
export const INVERSE_TOLERANCE = 1e-4;

/** Maximum number of Newton steps per point. */
const STEPS = 50;
/** Maximum number of halvings of a step that does not reduce the error. */
const HALVINGS = 12;
/** The distance of the differences that give the Jacobian matrix, mm. */
const DIFFERENCE = 1e-3;

/**
 * The points of the other image that correspond to points: from the fixed to the moving image, as the transform of a
 * registration maps, or with `inverse` from the moving to the fixed image. Images are warped in the other direction,
 * because a warped image takes each of its voxels from where this map leads. The inverse is found point by point with
 * Newton's method, not from a displacement field.
 *
 * @example Usage
 * ```ts
 * import { mapPoints } from "./map_points.ts";
 * import { Grid } from "../volume/grid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([4, 4, 4], [1, 1, 1]);
 * // The moving body lies 5 mm further to the right.
 * const rigid = [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
 * const transform = { rigid, fixedGrid: grid, movingGrid: grid };
 * assertEquals(mapPoints({ transform, points: [[1, 2, 3]] }).points, [[6, 2, 3]]);
 * assertEquals(mapPoints({ transform, points: [[6, 2, 3]], inverse: true }).points, [[1, 2, 3]]);
 * ```
 */
export function mapPoints({ transform, points, inverse }: MapPointsOptions): MappedPoints {
  const { controlGrid, rigid } = transform;
  const u = controlGrid === undefined ? undefined : displacementMap(controlGrid);
  const deform = (x: Triple): Triple => u === undefined ? x : add(x, u(x));
  if (!inverse) {
    return {
      points: points.map((point) => transformPoint(rigid, deform(point))),
      residuals: points.map(() => 0),
    };
  }
  // Rigid maps preserve lengths, so that the search may leave the rigid part out.
  const toFixed = invert(rigid);
  const found = points.map((point) => solve(deform, transformPoint(toFixed, point)));
  return {
    points: found.map(({ point }) => point),
    residuals: found.map(({ residual }) => residual),
  };
}

/** The point x with map(x) = p, and the length of what remains. */
function solve(map: (x: Triple) => Triple, p: Triple): { point: Triple; residual: number } {
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
  const rows = [0, 1, 2].map((row) => columns.map((column) => column[row]));
  try {
    const inverse = invert([...rows[0], 0, ...rows[1], 0, ...rows[2], 0, 0, 0, 0, 1]);
    return transformPoint(inverse, error);
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
