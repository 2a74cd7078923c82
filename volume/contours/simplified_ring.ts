/**
 * Closed lines with fewer points.
 *
 * @module
 */

import type { LatticePoint, LatticeRing } from "./level_rings.ts";

/**
 * Leaves out the points of a closed line that are nearer than `tolerance` to the line without them (Douglas and
 * Peucker 1973, Cartographica 10:112).
 */
export function simplifiedRing(ring: LatticeRing, tolerance: number): LatticeRing {
  if (ring.length < 4) return ring;
  const n = ring.length;
  const at = (i: number) => ring[i % n];
  let opposite = 0;
  for (let i = 1; i < n; i++) {
    if (distance(at(i), at(0)) > distance(at(opposite), at(0))) opposite = i;
  }
  const isKept = new Uint8Array(n + 1);
  isKept[0] = isKept[opposite] = 1;
  const parts: [number, number][] = [[0, opposite], [opposite, n]];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [from, to] = part;
    let worst = tolerance;
    let place = -1;
    for (let i = from + 1; i < to; i++) {
      const error = distanceToSegment(at(i), at(from), at(to));
      if (error > worst) [worst, place] = [error, i];
    }
    if (place < 0) continue;
    isKept[place] = 1;
    parts.push([from, place], [place, to]);
  }
  return ring.filter((_, i) => isKept[i] === 1);
}

function distance([ax, ay]: LatticePoint, [bx, by]: LatticePoint): number {
  return Math.hypot(ax - bx, ay - by);
}

/** The distance of a point to a segment. */
export function distanceToSegment(
  [x, y]: LatticePoint,
  [ax, ay]: LatticePoint,
  [bx, by]: LatticePoint,
): number {
  const length2 = (bx - ax) ** 2 + (by - ay) ** 2;
  const t = length2 === 0 ? 0 : ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length2;
  const inside = Math.min(1, Math.max(0, t));
  return Math.hypot(x - ax - inside * (bx - ax), y - ay - inside * (by - ay));
}
