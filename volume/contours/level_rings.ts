/**
 * The lines at which values on a lattice change their sign: marching squares.
 *
 * @module
 */

/** A point of a plane, in steps of a lattice. */
export type LatticePoint = readonly [x: number, y: number];

/** A closed line: the last point leads to the first. */
export type LatticeRing = readonly LatticePoint[];

/** Options of {@link levelRings}. */
export interface LevelRingsOptions {
  /** Points of the lattice along x and y. */
  readonly size: readonly [nx: number, ny: number];
  /** The values, x fastest, positive inside. Points outside of the lattice count as outside. */
  readonly values: Float64Array;
  /**
   * The place at which the values between two neighbouring points of the lattice are 0: 0 at the first one, 1 at the
   * second one. By default they are taken as linear. A point beside the lattice has the value -1.
   */
  readonly crossing?:
    | ((from: LatticePoint, to: LatticePoint, valueFrom: number, valueTo: number) => number)
    | undefined;
}

/** The value beside the lattice. */
const OUTSIDE = -1;

/**
 * The closed lines around the positive values. The inside is on the left of a line, where x leads to the right and y
 * upwards: the outer line of an area turns to the left, and the line of a hole to the right. Two areas that touch at a
 * corner are one if the mean of the four values there is positive.
 *
 * @example Usage
 * ```ts
 * import { levelRings, signedArea } from "./level_rings.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [ring] = levelRings({ size: [1, 1], values: Float64Array.of(1) });
 * // Half a step from the point on each side.
 * assertEquals(ring.map(([x, y]) => Math.abs(x) + Math.abs(y)), [0.5, 0.5, 0.5, 0.5]);
 * assertEquals(signedArea(ring), 0.5);
 * ```
 */
export function levelRings(
  { size: [nx, ny], values, crossing = linear }: LevelRingsOptions,
): LatticeRing[] {
  // One point more on each side, so that all lines are closed.
  const width = nx + 2;
  const value = (x: number, y: number) =>
    x < 0 || y < 0 || x >= nx || y >= ny ? OUTSIDE : values[y * nx + x];
  // A line enters each edge of the lattice once: the key is the edge, the value the edge to which it leads.
  const next = new Map<number, number>();
  for (let y = -1; y < ny; y++) {
    for (let x = -1; x < nx; x++) {
      const corners = [value(x, y), value(x + 1, y), value(x + 1, y + 1), value(x, y + 1)];
      const count = corners.reduce((sum, v) => sum + Number(v > 0), 0);
      if (count === 0 || count === 4) continue;
      const at = 2 * ((y + 1) * width + x + 1);
      // The edges below, to the right, above and to the left; odd numbers are those along y.
      const edges = [at, at + 3, at + 2 * width, at + 1];
      const leaves = [0, 1, 2, 3].filter((k) => corners[k] > 0 && !(corners[(k + 1) % 4] > 0));
      const enters = [0, 1, 2, 3].filter((k) => !(corners[k] > 0) && corners[(k + 1) % 4] > 0);
      const isOne = corners.reduce((sum, v) => sum + v, 0) > 0;
      for (const leave of leaves) {
        // Around the corner outside if the corners inside are connected, otherwise around the corner inside.
        const following = enters.find((k) => k > leave) ?? enters[0];
        const other = enters.find((k) => k !== following);
        next.set(edges[leave], edges[isOne ? following : other ?? following]);
      }
    }
  }
  const rings: LatticePoint[][] = [];
  for (const first of next.keys()) {
    const ring: LatticePoint[] = [];
    for (let edge = first; next.has(edge);) {
      const from: LatticePoint = [(edge >> 1) % width - 1, Math.floor((edge >> 1) / width) - 1];
      const to: LatticePoint = edge & 1 ? [from[0], from[1] + 1] : [from[0] + 1, from[1]];
      const t = crossing(from, to, value(from[0], from[1]), value(to[0], to[1]));
      ring.push([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
      const following = next.get(edge)!;
      next.delete(edge);
      edge = following;
    }
    rings.push(ring);
  }
  return rings;
}

function linear(_from: LatticePoint, _to: LatticePoint, a: number, b: number): number {
  return a / (a - b);
}

/** The area within a ring: positive if it turns to the left. */
export function signedArea(ring: LatticeRing): number {
  const sum = ring.reduce((sum, [ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length];
    return sum + ax * by - bx * ay;
  }, 0);
  return sum / 2;
}
