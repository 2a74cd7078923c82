/**
 * The body that closed contours in parallel planes describe.
 *
 * @module
 */

import type { Triple } from "../affine.ts";
import { PlaneDepth, type Ring } from "./plane_depth.ts";

/** A closed contour: its points in mm; the last one leads to the first. */
export type ClosedContour = readonly Triple[];

/** The distance in mm by which points of one plane may differ in height, because files round them. */
export const PLANE_TOLERANCE = 0.1;

/** A distance of two planes above this multiple of the usual one is a gap. */
export const GAP = 1.5;

/** The smallest and the greatest reach of the distances, mm. */
const MIN_REACH = 1;
const MAX_REACH = 20;

/** Contours of one plane. */
interface Plane {
  /** The position along the normal, mm. */
  readonly height: number;
  /** The contours in the plane. */
  readonly rings: readonly Ring[];
}

/** Contours sorted by their planes. */
export class ContourStack {
  /** The unit vector along which the planes are stacked. */
  readonly normal: Triple;
  /** The usual distance of neighbouring planes, mm; undefined if there is one plane only. */
  readonly step: number | undefined;
  /** The number of contours that equal another one of their plane; they are left out. */
  readonly duplicates: number;
  /** The directions of u and v in the planes. */
  readonly axes: readonly [u: Triple, v: Triple];
  /** The planes by their heights. */
  readonly planes: readonly Plane[];

  /**
   * Sorts contours by their planes.
   *
   * @param contours - At least one; each has at least three points.
   * @throws {RangeError} when the contours do not lie in parallel planes.
   */
  constructor(contours: readonly ClosedContour[]) {
    this.normal = commonNormal(contours);
    const [u, v] = axesOf(this.normal);
    this.axes = [u, v];
    const placed = contours.map((contour) => {
      const heights = contour.map((point) => dot(this.normal, point));
      const [low, high] = range(heights);
      if (high - low > PLANE_TOLERANCE) {
        throw new RangeError(
          `its contours are not in parallel planes: the points of one are up to ${
            (high - low).toFixed(2)
          } mm apart in height`,
        );
      }
      const ring = Float64Array.from(contour.flatMap((point) => [dot(u, point), dot(v, point)]));
      return { height: heights.reduce((sum, h) => sum + h, 0) / heights.length, ring };
    }).sort((a, b) => a.height - b.height);
    const planes: { height: number; rings: Ring[] }[] = [];
    let duplicates = 0;
    for (const { height, ring } of placed) {
      const last = planes.at(-1);
      if (last === undefined || height - last.height > PLANE_TOLERANCE) {
        planes.push({ height, rings: [ring] });
      } else if (last.rings.some((other) => isSame(other, ring))) duplicates++;
      else last.rings.push(ring);
    }
    this.planes = planes;
    this.duplicates = duplicates;
    this.step = [...this.#distances].sort((a, b) => a - b)[Math.floor((planes.length - 1) / 2)];
  }

  /** The numbers of planes that are missing in each gap, if planes have the distance `step` in mm. */
  gaps(step: number): number[] {
    return this.#distances.filter((d) => d > GAP * step).map((d) => Math.round(d / step) - 1);
  }

  /** The distances of neighbouring planes, mm. */
  get #distances(): number[] {
    return this.planes.slice(1).map(({ height }, i) => height - this.planes[i].height);
  }

  /** The number of samples of distance 1 mm that the areas around the contours of all planes have. */
  get area(): number {
    return this.planes.reduce((sum, { rings }) => {
      const [u0, u1] = range(rings.flatMap((ring) => [...ring.filter((_, i) => i % 2 === 0)]));
      const [v0, v1] = range(rings.flatMap((ring) => [...ring.filter((_, i) => i % 2 === 1)]));
      return sum + (u1 - u0) * (v1 - v0);
    }, 0);
  }
}

/** Options of {@link ContourSolid}. */
export interface ContourSolidOptions {
  /** The contours. */
  readonly stack: ContourStack;
  /** The distance of the planes in mm, which is also the thickness of a body of one plane. */
  readonly step: number;
  /** The distance of the samples in a plane, mm. */
  readonly pixel: number;
}

/**
 * The body of contours in parallel planes. In each plane it is the area that the contours enclose an odd number of
 * times. Between planes, the signed distances to the contours are interpolated linearly (Raya and Udupa 1990, IEEE
 * Transactions on Medical Imaging 9:32). Beyond the last plane, and where a part has no contour in the next plane, the
 * body ends half a step further. Distances are limited to a step, and to the greatest depth of a thinner body, so that
 * this holds for a thin body, too. A part that is thinner than a step and belongs to a thicker body ends earlier: with a
 * radius of 1 mm and a step of 3 mm, 0.7 mm beyond its last plane.
 */
export class ContourSolid {
  readonly #stack: ContourStack;
  readonly #step: number;
  readonly #reach: number;
  readonly #heights: Float64Array;
  readonly #depths: readonly PlaneDepth[];

  /** Computes the distances in all planes. */
  constructor({ stack, step, pixel }: ContourSolidOptions) {
    const reach = Math.min(MAX_REACH, Math.max(step, MIN_REACH));
    this.#stack = stack;
    this.#step = step;
    this.#heights = Float64Array.from(stack.planes, ({ height }) => height);
    this.#depths = stack.planes.map(({ rings }) => new PlaneDepth({ rings, reach, pixel }));
    const deepest = this.#depths.reduce((max, depth) => Math.max(max, depth.max), 0);
    this.#reach = Math.max(MIN_REACH, Math.min(reach, deepest));
  }

  /** A measure of the depth of a point: positive inside, negative outside, and 0 on the surface. */
  depth(x: number, y: number, z: number): number {
    const { normal: n, axes: [a, b] } = this.#stack;
    const height = n[0] * x + n[1] * y + n[2] * z;
    const u = a[0] * x + a[1] * y + a[2] * z;
    const v = b[0] * x + b[1] * y + b[2] * z;
    const heights = this.#heights;
    const last = heights.length - 1;
    if (height <= heights[0]) return this.#cap(0, heights[0] - height, u, v);
    if (height >= heights[last]) return this.#cap(last, height - heights[last], u, v);
    let low = 0;
    let high = last;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (heights[middle] <= height) low = middle;
      else high = middle;
    }
    const above = height - heights[low];
    const below = heights[high] - height;
    if (above + below > GAP * this.#step) {
      return Math.max(this.#cap(low, above, u, v), this.#cap(high, below, u, v));
    }
    const t = above / (above + below);
    return (1 - t) * this.#inPlane(low, u, v) + t * this.#inPlane(high, u, v);
  }

  /** The depth beyond a plane that has no neighbour. */
  #cap(plane: number, distance: number, u: number, v: number): number {
    const t = distance / this.#step;
    if (t >= 1) return -this.#reach;
    return (1 - t) * this.#inPlane(plane, u, v) - t * this.#reach;
  }

  #inPlane(plane: number, u: number, v: number): number {
    const depth = this.#depths[plane].at(u, v);
    return Math.min(this.#reach, Math.max(-this.#reach, depth));
  }
}

/** Returns true if two contours have the same points; an even number of equal contours would enclose nothing. */
function isSame(a: Ring, b: Ring): boolean {
  return a.length === b.length && a.every((value, i) => value === b[i]);
}

/** The normal of contours, weighted by their areas, with its greatest component positive. */
function commonNormal(contours: readonly ClosedContour[]): Triple {
  let sum: Triple = [0, 0, 0];
  for (const contour of contours) {
    const area = areaVector(contour);
    const sign = dot(area, sum) < 0 ? -1 : 1;
    sum = [sum[0] + sign * area[0], sum[1] + sign * area[1], sum[2] + sign * area[2]];
  }
  const length = Math.hypot(...sum);
  if (!(length > 0)) throw new RangeError("its contours enclose no area");
  const greatest = sum.reduce((max, v) => Math.abs(v) > Math.abs(max) ? v : max, 0);
  const scale = Math.sign(greatest) / length;
  return [sum[0] * scale, sum[1] * scale, sum[2] * scale];
}

/** The vector area of a closed contour, after Newell: half the sum of the cross products of neighbouring points. */
export function areaVector(contour: ClosedContour): Triple {
  const [origin] = contour;
  const sum = [0, 0, 0];
  contour.forEach((point, i) => {
    const next = contour[(i + 1) % contour.length];
    const [ax, ay, az] = subtract(point, origin);
    const [bx, by, bz] = subtract(next, origin);
    sum[0] += (ay * bz - az * by) / 2;
    sum[1] += (az * bx - ax * bz) / 2;
    sum[2] += (ax * by - ay * bx) / 2;
  });
  return [sum[0], sum[1], sum[2]];
}

/** Two unit vectors that are perpendicular to a unit vector and to each other. */
function axesOf(normal: Triple): [Triple, Triple] {
  const smallest = normal.reduce(
    (best, v, axis) => Math.abs(v) < Math.abs(normal[best]) - 1e-9 ? axis : best,
    0,
  );
  const along = [0, 1, 2].map((axis) =>
    (axis === smallest ? 1 : 0) - normal[smallest] * normal[axis]
  );
  const length = Math.hypot(...along);
  const u: Triple = [along[0] / length, along[1] / length, along[2] / length];
  const v: Triple = [
    normal[1] * u[2] - normal[2] * u[1],
    normal[2] * u[0] - normal[0] * u[2],
    normal[0] * u[1] - normal[1] * u[0],
  ];
  return [u, v];
}

function range(values: readonly number[]): [low: number, high: number] {
  return values.reduce(
    ([low, high], v): [number, number] => [Math.min(low, v), Math.max(high, v)],
    [Infinity, -Infinity],
  );
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function subtract(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}
