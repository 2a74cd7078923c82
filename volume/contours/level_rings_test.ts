/** Marching squares, keyholes and simplified lines, on areas with known borders. */

import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { withKeyholes } from "./keyholes.ts";
import { type LatticeRing, levelRings, signedArea } from "./level_rings.ts";
import { simplifiedRing } from "./simplified_ring.ts";

const SIZE = [41, 37] as const;

/** Values of a function on the lattice. */
function sampled(value: (x: number, y: number) => number): Float64Array {
  return Float64Array.from(
    { length: SIZE[0] * SIZE[1] },
    (_, i) => value(i % SIZE[0], Math.floor(i / SIZE[0])),
  );
}

const disc = (cx: number, cy: number, r: number) => (x: number, y: number) =>
  r - Math.hypot(x - cx, y - cy);

Deno.test("levelRings() finds a circle to a hundredth of a step, counterclockwise", () => {
  const [ring, ...others] = levelRings({ size: SIZE, values: sampled(disc(20.3, 17.8, 12)) });
  assertEquals(others, []);
  for (const [x, y] of ring) {
    assertAlmostEquals(Math.hypot(x - 20.3, y - 17.8), 12, 0.011);
  }
  assertAlmostEquals(signedArea(ring), Math.PI * 144, 1);
});

Deno.test("levelRings() turns around holes clockwise, and closes lines at the border", () => {
  const outer = disc(20, 18, 14);
  const hole = disc(22, 18, 5);
  const values = sampled((x, y) => Math.min(outer(x, y), -hole(x, y)));
  const areas = levelRings({ size: SIZE, values }).map(signedArea).sort((a, b) => a - b);
  assertEquals(areas.length, 2);
  assertAlmostEquals(areas[0], -Math.PI * 25, 1);
  assertAlmostEquals(areas[1], Math.PI * 196, 1);
  const all = levelRings({ size: SIZE, values: sampled(() => 1) });
  assertEquals(all.length, 1);
  // Half a step beyond the lattice on each side, without the corners.
  assertAlmostEquals(signedArea(all[0]), 41 * 37 - 4 / 8, 1e-9);
});

Deno.test("levelRings() connects two corners if their mean with the others is positive", () => {
  const square = (a: number, b: number) => Float64Array.of(a, b, b, a);
  assertEquals(levelRings({ size: [2, 2], values: square(3, -1) }).length, 1);
  assertEquals(levelRings({ size: [2, 2], values: square(1, -3) }).length, 2);
});

Deno.test("withKeyholes() joins holes, and leaves islands in holes as areas", () => {
  const outer = disc(20, 18, 16);
  const holes = [disc(13, 18, 4), disc(26, 18, 6)];
  const island = disc(26, 18, 2);
  const values = sampled((x, y) =>
    Math.max(
      island(x, y),
      Math.min(outer(x, y), ...holes.map((hole) => -hole(x, y))),
    )
  );
  const rings = levelRings({ size: SIZE, values });
  assertEquals(rings.length, 4);
  const areas = withKeyholes(rings);
  assertEquals(areas.length, 2);
  const total = rings.reduce((sum, ring) => sum + signedArea(ring), 0);
  assertAlmostEquals(areas.reduce((sum, ring) => sum + signedArea(ring), 0), total, 1e-9);
  const [joined] = areas.toSorted((a, b) => b.length - a.length);
  const inside = (x: number, y: number) => isInside(joined, x, y);
  assert(inside(18.5, 18) && inside(20, 30) && inside(8, 18));
  assert(!inside(13, 18.2) && !inside(26, 14) && !inside(26, 18.1));
});

/** Whether an odd number of edges lies to the right of a point. */
function isInside(ring: LatticeRing, x: number, y: number): boolean {
  const crossings = ring.filter(([ax, ay], i) => {
    const [bx, by] = ring[(i + 1) % ring.length];
    return (ay > y) !== (by > y) && x < ax + (y - ay) / (by - ay) * (bx - ax);
  });
  return crossings.length % 2 === 1;
}

Deno.test("simplifiedRing() leaves the corners of a square, and stays within the tolerance", () => {
  const square: [number, number][] = [];
  for (let i = 0; i < 10; i++) square.push([i, 0]);
  for (let i = 0; i < 10; i++) square.push([10, i]);
  for (let i = 0; i < 10; i++) square.push([10 - i, 10]);
  for (let i = 0; i < 10; i++) square.push([0, 10 - i]);
  assertEquals(simplifiedRing(square, 0.01), [[0, 0], [10, 0], [10, 10], [0, 10]]);
  const circle = Array.from({ length: 400 }, (_, i): [number, number] => [
    20 * Math.cos(i * Math.PI / 200),
    20 * Math.sin(i * Math.PI / 200),
  ]);
  const few = simplifiedRing(circle, 0.02);
  assert(few.length < 150, `${few.length}`);
  // A chord with the sagitta of the tolerance.
  assertAlmostEquals(signedArea(few), Math.PI * 400, 2 * Math.PI * 20 * 0.02);
});
