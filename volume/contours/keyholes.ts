/**
 * Areas with holes as single closed lines.
 *
 * @module
 */

import { type LatticePoint, type LatticeRing, signedArea } from "./level_rings.ts";

/**
 * Joins each hole to the area around it by a channel of no width. The results are closed lines whose insides do not
 * overlap: they mean the same to programs that unite the contours of a plane and to those that take the odd enclosed
 * places.
 *
 * @param rings - Lines of {@link levelRings}: outer lines turn to the left, and holes to the right.
 */
export function withKeyholes(rings: readonly LatticeRing[]): LatticeRing[] {
  const areas: LatticePoint[][] = rings.filter((ring) => signedArea(ring) > 0).map((ring) => [
    ...ring,
  ]);
  const holes = rings.filter((ring) => signedArea(ring) < 0).map((ring) => {
    const start = ring.reduce((best, [x], i) => x < ring[best][0] ? i : best, 0);
    return { ring, start, left: ring[start] };
  });
  // From left to right: the next line to the left of a hole is then the outer one, or that of a joined hole.
  for (const { ring, start, left } of holes.sort((a, b) => a.left[0] - b.left[0])) {
    const found = nextToTheLeft(areas, left);
    if (found === undefined) continue;
    const { area, edge, point } = found;
    const turned = [...ring.slice(start), ...ring.slice(0, start), left];
    area.splice(edge + 1, 0, point, ...turned, point);
  }
  return areas;
}

/** The first edge that a ray to the left meets. */
function nextToTheLeft(areas: readonly LatticePoint[][], [x, y]: LatticePoint) {
  let found: { area: LatticePoint[]; edge: number; point: LatticePoint } | undefined;
  for (const area of areas) {
    area.forEach(([ax, ay], edge) => {
      const [bx, by] = area[(edge + 1) % area.length];
      if ((ay > y) === (by > y)) return;
      const at = ax + (y - ay) / (by - ay) * (bx - ax);
      if (at > x || (found !== undefined && at <= found.point[0])) return;
      found = { area, edge, point: [at, y] };
    });
  }
  return found;
}
