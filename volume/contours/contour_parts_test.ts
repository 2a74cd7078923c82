/** Parts of bodies: their number, their volumes, and the part of a point. */

import { assertAlmostEquals, assertEquals } from "@std/assert";
import { circle } from "../../testing/structure_set_file.ts";
import type { Triple } from "../affine.ts";
import { ContourParts } from "./contour_parts.ts";
import { type ClosedContour, ContourStack } from "./contour_solid.ts";

const disc = (z: number, radius: number, x = 0) => circle([x, 0, z], radius, 180);
const square = (z: number, low: number, high: number): Triple[] => [
  [low, low, z],
  [high, low, z],
  [high, high, z],
  [low, high, z],
];
const partsOf = (contours: readonly ClosedContour[], step = 3) =>
  new ContourParts(new ContourStack(contours), step);

Deno.test("ContourParts joins areas that overlap in neighbouring planes, and no others", () => {
  const parts = partsOf([
    // A fork: two areas in the second plane over one in the first one.
    disc(0, 20),
    disc(3, 5, -12),
    disc(3, 5, 12),
    // Beside it, and above a gap.
    disc(3, 4, 40),
    disc(12, 20),
  ]);
  assertEquals(parts.volumes.length, 3);
  const numbers = [[0, 0, 0], [-12, 0, 3], [13, 0, 4], [40, 1, 2], [5, 5, 11]] as const;
  const [fork, left, right, beside, above] = numbers.map((point) => parts.at(point));
  assertEquals([left, right], [fork, fork]);
  assertEquals(new Set([fork, beside, above]).size, 3);
  // A point that is a little outside of all areas belongs to the nearest one.
  assertEquals(parts.at([44.3, 0, 3]), beside);
  assertAlmostEquals(parts.volumes[beside], 3 * Math.PI * 16, 0.1);
  assertAlmostEquals(parts.volumes[fork], 3 * Math.PI * (400 + 50), 2);
  assertEquals(parts.crossings, 0);
});

Deno.test("ContourParts takes a hole out of its area, and an island in it as another part", () => {
  const planes = [0, 3].flatMap((z) => [
    square(z, 0, 10),
    square(z, 1, 9),
    square(z, 4, 6),
  ]);
  const parts = partsOf(planes);
  assertEquals([...parts.volumes].sort((a, b) => a - b), [24, 216]);
  assertEquals(parts.volumes[parts.at([5, 5, 1])], 24);
  assertEquals(parts.volumes[parts.at([0.5, 5, 1])], 216);
});

Deno.test("ContourParts gives planes of irregular distances the volume between them", () => {
  // From -1.5 to 11.5 mm, and from 28.5 to 31.5 mm.
  const { volumes } = partsOf([0, 3, 6, 10, 30].map((z) => square(z, 0, 10)));
  assertEquals([...volumes].sort((a, b) => a - b), [300, 1300]);
});

Deno.test("ContourParts counts planes with contours that cross, and not those that touch", () => {
  const shifted = (z: number, by: number): ClosedContour => disc(z, 10, by);
  assertEquals(partsOf([disc(0, 10), shifted(0, 8), disc(3, 10), shifted(3, 20)]).crossings, 1);
  // An overlap of 0.02 mm by rounding.
  const right = square(0, 0, 10).map(([x, y, z]): Triple => [x + 9.98, y + 4, z]);
  assertEquals(partsOf([square(0, 0, 10), right]).crossings, 0);
});
