import { assertEquals, assertThrows } from "@std/assert";
import { diceCoefficient, diceCounts, presentLabels } from "./dice.ts";

Deno.test("diceCounts() counts each label in both images and in their intersection", () => {
  const a = Int32Array.of(0, 58, 58, 32249, -4, 0, 58);
  const b = Int32Array.of(58, 58, 0, 32249, 7, 0, 58);
  assertEquals(diceCounts(a, b, [58, 32249, 7, -4, 100]), [
    { label: 58, a: 3, b: 3, both: 2 },
    { label: 32249, a: 1, b: 1, both: 1 },
    { label: 7, a: 0, b: 1, both: 0 },
    { label: -4, a: 1, b: 0, both: 0 },
    { label: 100, a: 0, b: 0, both: 0 },
  ]);
  assertEquals(diceCounts(a, b, []), []);
});

Deno.test("diceCounts() refuses images of different sizes", () => {
  assertThrows(
    () => diceCounts(new Int32Array(3), new Int32Array(4), [1]),
    RangeError,
    "`a` has 3 voxels and `b` 4",
  );
});

Deno.test("diceCoefficient() is 1 for equal labels and NaN for absent ones", () => {
  assertEquals(diceCoefficient({ label: 1, a: 4, b: 4, both: 4 }), 1);
  assertEquals(diceCoefficient({ label: 1, a: 0, b: 0, both: 0 }), NaN);
});

Deno.test("presentLabels() gives each label of several images once, in ascending order", () => {
  const images = [Int32Array.of(0, 58, 58, 7, 58), Int32Array.of(-4, 7), new Int32Array(0)];
  assertEquals(presentLabels(...images), [-4, 0, 7, 58]);
  assertEquals(presentLabels(), []);
});
