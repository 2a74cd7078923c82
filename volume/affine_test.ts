import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import {
  determinant3,
  IDENTITY,
  invert,
  type Matrix4,
  multiply,
  transformPoint,
  transformVector,
} from "./affine.ts";

const a: Matrix4 = [2, 0.5, 0, 10, -1, 3, 0.25, -20, 0, 1, 4, 5, 0, 0, 0, 1];
const b: Matrix4 = [0, -1, 0, 1, 1, 0, 0, 2, 0, 0, 1, 3, 0, 0, 0, 1];

Deno.test("multiply() applies the second matrix first", () => {
  const p = [1, -2, 3] as const;
  assertEquals(transformPoint(multiply(a, b), p), transformPoint(a, transformPoint(b, p)));
  assertEquals(multiply(a, IDENTITY), a);
  assertEquals(multiply(IDENTITY, a), a);
});

Deno.test("transformVector() leaves the translation out", () => {
  assertEquals(transformVector(a, [0, 0, 0]), [0, 0, 0]);
  assertEquals(transformVector(a, [1, 0, 2]), [2, -0.5, 8]);
  assertEquals(transformPoint(a, [1, 0, 2]), [12, -20.5, 13]);
});

Deno.test("invert() undoes a matrix, and determinant3() is what Sarrus' rule gives", () => {
  multiply(invert(a), a).forEach((value, i) => assertAlmostEquals(value, IDENTITY[i], 1e-12));
  multiply(a, invert(a)).forEach((value, i) => assertAlmostEquals(value, IDENTITY[i], 1e-12));
  assertEquals(determinant3(a), 2 * 3 * 4 + 0.5 * 0.25 * 0 + 0 - (0 + 0.25 * 1 * 2 + 4 * 0.5 * -1));
});

Deno.test("invert() refuses singular matrices", () => {
  assertThrows(() => invert(new Array(16).fill(0)), RangeError, "singular");
  assertThrows(() => invert(new Array(16).fill(NaN)), RangeError, "singular");
});
