import { assertAlmostEquals, assertEquals, assertThrows } from "@std/assert";
import { signedRankTest } from "./signed_rank.ts";

/** All ways to give signs to the ranks. */
function byCounting(a: number[], b: number[]): number {
  const d = a.map((x, i) => x - b[i]).filter((x) => x !== 0);
  const sizes = d.map(Math.abs);
  const ranks = sizes.map((s) =>
    sizes.filter((t) => t < s).length + (sizes.filter((t) => t === s).length + 1) / 2
  );
  const mean = ranks.reduce((x, y) => x + y, 0) / 2;
  const far = (plus: (i: number) => boolean) =>
    Math.abs(ranks.reduce((sum, rank, i) => plus(i) ? sum + rank : sum, 0) - mean);
  const seen = far((i) => d[i] > 0);
  let count = 0;
  for (let signs = 0; signs < 2 ** d.length; signs++) {
    if (far((i) => (signs >> i & 1) === 1) >= seen - 1e-9) count++;
  }
  return count / 2 ** d.length;
}

Deno.test("signedRankTest() is what counting all signs gives, with ties too", () => {
  const a = [12, 5, 9, 9, 3, 8, 7, 2, 14, 6];
  const b = [10, 7, 9, 5, 4, 4, 1, 3, 6, 2];
  const { p, pairs } = signedRankTest(a, b);
  assertEquals(pairs, 9);
  assertAlmostEquals(p, byCounting(a, b), 1e-12);
  assertAlmostEquals(signedRankTest(b, a).p, p, 1e-12);
});

Deno.test("signedRankTest() gives the table's value for ten differences of one sign", () => {
  const a = Array.from({ length: 10 }, (_, i) => i + 1);
  assertAlmostEquals(signedRankTest(a, a.map(() => 0)).p, 2 / 1024, 1e-12);
});

Deno.test("signedRankTest() of equal samples is 1; unpaired ones are refused", () => {
  assertEquals(signedRankTest([1, 2], [1, 2]), { pairs: 0, positive: 0, p: 1 });
  assertEquals(signedRankTest([], []).p, 1);
  assertThrows(() => signedRankTest([1], []), RangeError, "paired");
});
