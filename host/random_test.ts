import { assertAlmostEquals, assertEquals, assertNotEquals, assertThrows } from "@std/assert";
import { RandomState } from "./random.ts";

const drawn = (random: RandomState, count: number) =>
  Array.from({ length: count }, () => random.uniform());

Deno.test("RandomState draws the same from the same seed and stream only", () => {
  const first = drawn(RandomState.of(7, "roi"), 5);
  assertEquals(drawn(RandomState.of(7, "roi"), 5), first);
  assertNotEquals(drawn(RandomState.of(8, "roi"), 5), first);
  assertNotEquals(drawn(RandomState.of(7, "pool"), 5), first);
});

Deno.test("RandomState follows xoshiro128**", () => {
  const random = RandomState.of(0, "");
  random.restore([1, 2, 3, 4]);
  // By hand: rotl(2 * 5, 7) * 9 = 11520; then s1 becomes 1 ^ (3 ^ 1) ... = 0.
  assertEquals([random.bits(), random.bits()], [11520, 0]);
});

Deno.test("RandomState continues from its saved state", () => {
  const random = RandomState.of(1, "a");
  random.normal();
  const saved = random.save();
  const next = drawn(random, 9);
  const other = RandomState.of(2, "b");
  other.restore(JSON.parse(JSON.stringify(saved)));
  assertEquals(drawn(other, 9), next);
  assertThrows(() => other.restore([0, 0, 0, 0]), RangeError, "Not the state");
  assertThrows(() => other.restore([1, 2, 3]), RangeError, "Not the state");
});

Deno.test("RandomState's numbers have the moments of their distributions", () => {
  const random = RandomState.of(3, "moments");
  const count = 20_000;
  const moments = (draw: () => number) => {
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < count; i++) {
      const value = draw();
      sum += value;
      squares += value * value;
    }
    return [sum / count, squares / count - (sum / count) ** 2];
  };
  const [mean, variance] = moments(() => random.normal());
  assertAlmostEquals(mean, 0, 0.03);
  assertAlmostEquals(variance, 1, 0.05);
  const [middle, spread] = moments(() => random.between(-1, 3));
  assertAlmostEquals(middle, 1, 0.04);
  assertAlmostEquals(spread, 16 / 12, 0.04);
  const counts = [0, 0, 0];
  for (let i = 0; i < count; i++) counts[random.integer(3)]++;
  for (const each of counts) assertAlmostEquals(each / count, 1 / 3, 0.02);
  assertThrows(() => random.integer(0), RangeError, "at least 1");
  assertThrows(() => RandomState.of(-1, ""), RangeError, "whole number");
});
