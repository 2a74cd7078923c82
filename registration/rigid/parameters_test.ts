import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { random } from "../../testing/random.ts";
import { determinant3, IDENTITY, transformPoint } from "../../volume/affine.ts";
import {
  requireRigid,
  rigidDifference,
  rigidMatrix,
  type RigidParameters,
  rigidParameters,
  rigidScales,
} from "./parameters.ts";

Deno.test("rigidParameters() undoes rigidMatrix(), half turns included", () => {
  const next = random(1);
  for (let trial = 0; trial < 50; trial++) {
    const v = [next() - 0.5, next() - 0.5, next() - 0.5];
    const angle = trial < 5 ? Math.PI - 1e-4 : next() * Math.PI;
    const length = Math.sin(angle / 2) / Math.hypot(...v);
    const p = [...v.map((c) => c * length), 9 * next(), -20 * next(), 5] as unknown;
    const m = rigidMatrix(p as RigidParameters, [30, -10, 5]);
    assertAlmostEquals(determinant3(m), 1, 1e-12);
    rigidParameters(m, [30, -10, 5]).forEach((value, i) =>
      assertAlmostEquals(value, (p as RigidParameters)[i], 1e-6)
    );
  }
});

Deno.test("rigidMatrix() turns about the centre, in the right sense", () => {
  // A quarter turn about z: x to y.
  const m = rigidMatrix([0, 0, Math.SQRT1_2, 1, 2, 3], [10, 0, 0]);
  transformPoint(m, [11, 0, 0]).forEach((value, i) => assertAlmostEquals(value, [11, 3, 3][i]));
  const { degrees, millimetres } = rigidDifference(IDENTITY, m, [10, 0, 0]);
  assertAlmostEquals(degrees, 90, 1e-9);
  assertAlmostEquals(millimetres, Math.hypot(1, 2, 3), 1e-9);
});

Deno.test("requireRigid() refuses scaling, mirroring and garbage", () => {
  requireRigid(IDENTITY);
  for (const factor of [1.1, -1, NaN]) {
    assertThrows(() => requireRigid([factor, ...IDENTITY.slice(1)], "start"), RangeError, "start");
  }
  assertThrows(() => requireRigid([1, 2, 3]), RangeError);
});

Deno.test("rigidScales() takes the two smallest extents", () => {
  assertEquals(rigidScales([3, 500, 4])[3], 1 / 5);
});
