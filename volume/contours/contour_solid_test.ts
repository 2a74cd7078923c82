/** Bodies of contours: depths in a plane, interpolation between planes, ends, gaps. */

import { assert, assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { circle } from "../../testing/structure_set_file.ts";
import type { Triple } from "../affine.ts";
import { type ClosedContour, ContourSolid, ContourStack } from "./contour_solid.ts";
import { PlaneDepth } from "./plane_depth.ts";

const square = (low: number, high: number) =>
  Float64Array.of(low, low, high, low, high, high, low, high);

Deno.test("PlaneDepth is the distance to a square, up to the reach, negative outside", () => {
  const depth = new PlaneDepth({ rings: [square(0, 10)], reach: 4, pixel: 0.5 });
  const near = (u: number, v: number, expected: number) =>
    assertAlmostEquals(depth.at(u, v), expected, 1e-3);
  near(2, 5, 2);
  near(5, 1.25, 1.25);
  near(-1.5, 5, -1.5);
  near(13, 14, -4);
  near(5, 5, 4);
  near(1000, 5, -4);
  // Beyond a corner the distance is that to the corner.
  assertAlmostEquals(depth.at(11, 11), -Math.SQRT2, 0.02);
  assertAlmostEquals(depth.max, 4, 1e-3);
});

Deno.test("PlaneDepth is right in rows of samples that go through corners", () => {
  // The samples begin at -3.1 and have a distance of 0.3, so that rows meet corners but for their rounding.
  for (const shift of [0, 0.1, 0.2, 0.3, 1.1]) {
    const ring = Float64Array.from(
      circle([0, 0, 0], 3, 60).flatMap(([x, y]) => [x + shift, y + shift]),
    );
    const depth = new PlaneDepth({ rings: [ring], reach: 2.8, pixel: 0.3 });
    for (let v = -5; v < 5; v += 0.1) {
      for (let u = -5; u < 5; u += 0.1) {
        const expected = Math.max(-2.8, Math.min(2.8, 3 - Math.hypot(u - shift, v - shift)));
        assertAlmostEquals(depth.at(u, v), expected, 0.15, `${u} ${v} ${shift}`);
      }
    }
  }
});

Deno.test("PlaneDepth treats a contour in another as a hole, and a keyhole in the same way", () => {
  const hole = square(4, 6);
  const nested = new PlaneDepth({ rings: [square(0, 10), hole], reach: 3, pixel: 0.25 });
  // Around the outer square, through a channel of no width, around the hole, and back.
  // deno-fmt-ignore
  const keyhole = Float64Array.of(
    0, 0, 10, 0, 10, 10, 0, 10, 0, 5, 4, 5,
    4, 6, 6, 6, 6, 4, 4, 4, 4, 5, 0, 5,
  );
  const joined = new PlaneDepth({ rings: [keyhole], reach: 3, pixel: 0.25 });
  for (const [u, v, expected] of [[2, 5, 2], [5, 5, -1], [5, 2.5, 1.5], [2, 5.25, 2], [7, 8, 2]]) {
    assertAlmostEquals(nested.at(u, v), expected, 0.06, `nested ${u} ${v}`);
    assertAlmostEquals(joined.at(u, v), expected, 0.06, `keyhole ${u} ${v}`);
  }
});

/** The body of contours, with samples of 0.25 mm. */
function solidOf(contours: readonly ClosedContour[], step?: number): ContourSolid {
  const stack = new ContourStack(contours);
  return new ContourSolid({ stack, step: step ?? stack.step!, pixel: 0.25 });
}

const disc = (z: number, radius: number, x = 0) => circle([x, 0, z], radius, 180);

Deno.test("ContourSolid is linear between planes, and ends half a step beyond the last one", () => {
  const cone = solidOf([disc(0, 10), disc(3, 8), disc(6, 6)]);
  for (const z of [0, 1, 2.5, 4.5, 6]) {
    const radius = 10 - 2 * z / 3;
    assertAlmostEquals(cone.depth(radius, 0, z), 0, 0.02, `z ${z}`);
    assert(cone.depth(radius - 0.1, 0, z) > 0 && cone.depth(0, radius + 0.1, z) < 0);
  }
  assert(cone.depth(0, 0, 7.4) > 0 && cone.depth(0, 0, -1.4) > 0);
  assert(cone.depth(0, 0, 7.6) < 0 && cone.depth(0, 0, -1.6) < 0);
  assert(cone.depth(0, 0, 100) < 0);
});

Deno.test("ContourSolid of one plane has the thickness of the step", () => {
  const one = solidOf([disc(5, 10)], 4);
  assert(one.depth(0, 0, 6.9) > 0 && one.depth(0, 0, 3.1) > 0);
  assert(one.depth(0, 0, 7.1) < 0 && one.depth(0, 0, 2.9) < 0);
  assertAlmostEquals(one.depth(10, 0, 5), 0, 0.02);
});

Deno.test("ContourSolid ends a part in the middle if the next plane has another one", () => {
  const parts = solidOf([disc(0, 8, -20), disc(0, 8, 20), disc(3, 8, -20), disc(6, 8, -20)]);
  assert(parts.depth(20, 0, 1.4) > 0 && parts.depth(20, 0, 1.6) < 0);
  assert(parts.depth(-20, 0, 1.6) > 0);
});

Deno.test("ContourSolid does not bridge missing planes, and ContourStack counts them", () => {
  const contours = [0, 3, 6, 15, 18].map((z) => disc(z, 8));
  assertEquals(new ContourStack(contours).gaps(3), [2]);
  const parts = solidOf(contours);
  assert(parts.depth(0, 0, 7.4) > 0 && parts.depth(0, 0, 13.6) > 0);
  assert(parts.depth(0, 0, 7.6) < 0 && parts.depth(0, 0, 10.5) < 0 && parts.depth(0, 0, 13.4) < 0);
});

Deno.test("ContourStack takes equal contours of a plane once", () => {
  const stack = new ContourStack([disc(0, 10), disc(3, 10), disc(3, 10), disc(3, 4)]);
  assertEquals(stack.duplicates, 1);
  assertEquals(stack.planes.map(({ rings }) => rings.length), [1, 2]);
});

Deno.test("ContourStack takes parallel planes of any direction, and refuses others", () => {
  const [c, s] = [Math.cos(0.4), Math.sin(0.4)];
  const turned = ([x, y, z]: Triple): Triple => [x, c * y - s * z, s * y + c * z];
  const rounded = (point: Triple) =>
    point.map((v) => Math.round(100 * v) / 100) as unknown as Triple;
  const oblique = [0, 3, 6].map((z) => disc(z, 10).map((point) => rounded(turned(point))));
  const stack = new ContourStack(oblique);
  assertAlmostEquals(stack.step!, 3, 0.01);
  turned([0, 0, 1]).forEach((v, axis) => assertAlmostEquals(stack.normal[axis], v, 1e-4));
  const sagittal = disc(0, 10).map(([x, y]): Triple => [0, x, y]);
  const error = assertThrows(() => new ContourStack([disc(0, 10), sagittal]), RangeError);
  assert(error.message.includes("not in parallel planes"), error.message);
  const line: Triple[] = [[0, 0, 0], [1, 0, 0], [2, 0, 0]];
  assertThrows(() => new ContourStack([line]), RangeError, "enclose no area");
});
