/**
 * The separate parts of a body of contours.
 *
 * @module
 */

import type { Triple } from "../affine.ts";
import { type ContourStack, GAP } from "./contour_solid.ts";
import { type LatticePoint, type LatticeRing, signedArea } from "./level_rings.ts";
import { type Edge, edgesOf, isInside, type Ring } from "./plane_depth.ts";
import { distanceToSegment } from "./simplified_ring.ts";

/** The distance in mm by which contours that touch may overlap. */
const CROSSING = 0.5;

/** A contour in its plane, mm. */
interface Outline {
  readonly points: LatticeRing;
  readonly edges: readonly Edge[];
  /** The edges that have a part in each of as many rows of equal heights as there are points. */
  readonly rows: readonly (readonly Edge[])[];
  readonly low: LatticePoint;
  readonly high: LatticePoint;
}

/** An area of a plane: a contour without the contours in it. */
interface Area {
  readonly outline: Outline;
  /** The contours that are holes in it. */
  readonly holes: Outline[];
  /** Its index among all areas. */
  readonly index: number;
}

/** The parts of a body: areas of neighbouring planes that overlap belong to one part. */
export class ContourParts {
  /** The volume of each part, mm3. It is not known if contours cross. */
  readonly volumes: readonly number[];
  /** The number of planes in which contours cross each other. */
  readonly crossings: number;
  readonly #stack: ContourStack;
  readonly #planes: readonly (readonly Area[])[];
  /** The part of each area. */
  readonly #parts: readonly number[];

  /**
   * Finds the parts.
   *
   * @param stack - The contours.
   * @param step - The usual distance of planes, mm. Planes that are 1.5 times as far apart are not connected.
   */
  constructor(stack: ContourStack, step: number) {
    this.#stack = stack;
    let count = 0;
    const outlines = stack.planes.map(({ rings }) => rings.map(outlineOf));
    this.#planes = outlines.map((plane) => areasOf(plane, () => count++));
    this.crossings =
      outlines.filter((plane) => plane.some((a) => plane.some((b) => a !== b && isCrossing(a, b))))
        .length;
    // Each area leads to another one of its part, and the last of them to itself.
    const leads = Array.from({ length: count }, (_, i) => i);
    const last = (i: number): number => {
      while (leads[i] !== i) i = leads[i];
      return i;
    };
    this.#planes.slice(1).forEach((upper, k) => {
      if (stack.planes[k + 1].height - stack.planes[k].height > GAP * step) return;
      for (const a of this.#planes[k]) {
        for (const b of upper) {
          if (last(a.index) !== last(b.index) && isOverlap(a, b)) {
            leads[last(b.index)] = last(a.index);
          }
        }
      }
    });
    const numbers = new Map<number, number>();
    this.#parts = leads.map((_, i) => {
      if (!numbers.has(last(i))) numbers.set(last(i), numbers.size);
      return numbers.get(last(i))!;
    });
    const volumes = new Array(numbers.size).fill(0);
    this.#planes.forEach((plane, k) => {
      // Half of the way to each neighbour, or half a step where there is none.
      const thickness = [k - 1, k + 1].reduce((sum, other) => {
        const distance = Math.abs(
          (stack.planes[other]?.height ?? Infinity) - stack.planes[k].height,
        );
        return sum + (distance > GAP * step ? step : distance) / 2;
      }, 0);
      for (const { outline, holes, index } of plane) {
        const area = holes.reduce((sum, hole) => sum - areaOf(hole), areaOf(outline));
        volumes[this.#parts[index]] += thickness * area;
      }
    });
    this.volumes = volumes;
  }

  /** The number of the part to which a point in the body or on its surface belongs. */
  at([x, y, z]: Triple): number {
    const { normal, axes: [a, b], planes } = this.#stack;
    const along = (n: Triple) => n[0] * x + n[1] * y + n[2] * z;
    const place: LatticePoint = [along(a), along(b)];
    const height = along(normal);
    const near = planes.reduce(
      (best, plane, k) =>
        Math.abs(plane.height - height) < Math.abs(planes[best].height - height) ? k : best,
      0,
    );
    const other = near + (height > planes[near].height ? 1 : -1);
    const found =
      [near, other].flatMap((k) => this.#planes[k] ?? []).find((area) => contains(area, place)) ??
        nearest(this.#planes[near], place);
    return this.#parts[found.index];
  }
}

/** Returns true if a contour has points inside and outside of another one, and not only by rounding. */
function isCrossing(one: Outline, other: Outline): boolean {
  const inside = one.points.filter((point) => encloses(other, point));
  if (inside.length === 0 || inside.length === one.points.length) return false;
  const isFar = (point: LatticePoint) => distanceTo(other, point) > CROSSING;
  return inside.some(isFar) && one.points.some((point) => !inside.includes(point) && isFar(point));
}

/** The areas of a plane: contours in an odd number of others are holes. */
function areasOf(outlines: readonly Outline[], nextIndex: () => number): Area[] {
  const around = new Map(outlines.map((one) => [
    one,
    outlines.filter((other) => other !== one && encloses(other, one.points[0])),
  ]));
  const isHole = (one: Outline) => around.get(one)!.length % 2 === 1;
  const areas = new Map(
    outlines.filter((one) => !isHole(one)).map((outline): [Outline, Area] => [
      outline,
      { outline, holes: [], index: nextIndex() },
    ]),
  );
  for (const hole of outlines.filter(isHole)) {
    const depth = around.get(hole)!.length;
    const parent = around.get(hole)!.find((one) => around.get(one)!.length === depth - 1);
    if (parent !== undefined) areas.get(parent)?.holes.push(hole);
  }
  return [...areas.values()];
}

function outlineOf(ring: Ring): Outline {
  const points = Array.from(
    { length: ring.length / 2 },
    (_, i): LatticePoint => [ring[2 * i], ring[2 * i + 1]],
  );
  const limit = (of: (...values: number[]) => number, axis: number) =>
    points.reduce((found, point) => of(found, point[axis]), points[0][axis]);
  const low: LatticePoint = [limit(Math.min, 0), limit(Math.min, 1)];
  const high: LatticePoint = [limit(Math.max, 0), limit(Math.max, 1)];
  const edges = edgesOf([ring]);
  const rows: Edge[][] = points.map(() => []);
  const row = (v: number) => rowOf(v, low, high, rows.length);
  for (const edge of edges) {
    const [, av, , bv] = edge;
    for (let j = row(Math.min(av, bv)); j <= row(Math.max(av, bv)); j++) rows[j].push(edge);
  }
  return { points, edges, rows, low, high };
}

function rowOf(v: number, [, low]: LatticePoint, [, high]: LatticePoint, count: number): number {
  return high > low ? Math.min(count - 1, Math.floor((v - low) / (high - low) * count)) : 0;
}

function areaOf({ points }: Outline): number {
  return Math.abs(signedArea(points));
}

/** Returns true if one area contains a point of the contour of the other one, or the mean of its points. */
function isOverlap(a: Area, b: Area): boolean {
  return hasPointOf(a, b) || hasPointOf(b, a);
}

function hasPointOf(area: Area, other: Area): boolean {
  const { points } = other.outline;
  const mean = (axis: number) =>
    points.reduce((sum, point) => sum + point[axis], 0) / points.length;
  const middle: LatticePoint = [mean(0), mean(1)];
  if (contains(area, middle) && contains(other, middle)) return true;
  return points.some((point) => contains(area, point));
}

function contains({ outline, holes }: Area, point: LatticePoint): boolean {
  return encloses(outline, point) && !holes.some((hole) => encloses(hole, point));
}

function encloses({ rows, low, high }: Outline, [u, v]: LatticePoint): boolean {
  if (!(u >= low[0] && u <= high[0] && v >= low[1] && v <= high[1])) return false;
  return isInside(u, v, rows[rowOf(v, low, high, rows.length)]);
}

/** The area whose border is nearest to a point. */
function nearest(areas: readonly Area[], point: LatticePoint): Area {
  const distances = areas.map(({ outline }) => distanceTo(outline, point));
  return areas[distances.indexOf(Math.min(...distances))];
}

function distanceTo({ edges }: Outline, point: LatticePoint): number {
  return edges.reduce(
    (min, [au, av, bu, bv]) => Math.min(min, distanceToSegment(point, [au, av], [bu, bv])),
    Infinity,
  );
}
