/**
 * Points through a transform, in both directions.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { ofTransform, type PointTransform } from "./point_transform.ts";
import type { Transform } from "./transform.ts";

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
   * with it below 0.0001 mm, except where the transform folds.
   */
  readonly residuals: readonly number[];
}

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
  return mapThrough(ofTransform(transform), points, inverse);
}

/** The points of the other image by any map; see {@link mapPoints}. */
export function mapThrough(
  map: PointTransform,
  points: readonly Triple[],
  inverse = false,
): MappedPoints {
  if (!inverse) return { points: points.map(map.forward), residuals: points.map(() => 0) };
  const found = points.map(map.inverse);
  return {
    points: found.map(({ point }) => point),
    residuals: found.map(({ residual }) => residual),
  };
}
