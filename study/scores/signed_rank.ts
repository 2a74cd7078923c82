/**
 * The exact signed-rank test of paired samples (Wilcoxon 1945).
 *
 * @module
 */

/** The result of {@link signedRankTest}. */
export interface SignedRankResult {
  /** The number of pairs that differ; equal pairs are left out. */
  readonly pairs: number;
  /** Sum of the ranks of the positive differences. */
  readonly positive: number;
  /** Two-sided probability of a sum at least as far from its mean; 1 when no pair differs. */
  readonly p: number;
}

/**
 * Tests whether paired values differ: ranks of the differences' sizes (equal ones get their mean rank), and
 * the share of all 2^n ways to give them signs whose sum of positive ranks lies as far from its mean as the
 * one seen. The distribution is counted, not approximated; ties too.
 *
 * @param a - First values.
 * @param b - Second values, of the same length.
 * @throws {RangeError} when the lengths differ.
 *
 * @example Usage
 * ```ts
 * import { signedRankTest } from "./signed_rank.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(signedRankTest([5, 6, 7, 8, 9], [1, 1, 1, 1, 1]), { pairs: 5, positive: 15, p: 0.0625 });
 * ```
 */
export function signedRankTest(a: readonly number[], b: readonly number[]): SignedRankResult {
  if (a.length !== b.length) {
    throw new RangeError(`Samples must be paired, got ${a.length} and ${b.length} values`);
  }
  const differences = a.map((value, i) => value - b[i]).filter((d) => d !== 0)
    .sort((x, y) => Math.abs(x) - Math.abs(y));
  const n = differences.length;
  if (n === 0) return { pairs: 0, positive: 0, p: 1 };
  // Twice the ranks are whole, those of ties too.
  const doubled: number[] = [];
  for (let first = 0; first < n;) {
    let last = first;
    while (last + 1 < n && Math.abs(differences[last + 1]) === Math.abs(differences[first])) last++;
    for (let i = first; i <= last; i++) doubled.push(first + last + 2);
    first = last + 1;
  }
  const seen = differences.reduce((sum, d, i) => d > 0 ? sum + doubled[i] : sum, 0);
  const total = n * (n + 1);
  const distance = Math.abs(2 * seen - total);
  let p = 0;
  probabilities(doubled, total).forEach((probability, sum) => {
    if (Math.abs(2 * sum - total) >= distance) p += probability;
  });
  return { pairs: n, positive: seen / 2, p: Math.min(1, p) };
}

/** The probability of each sum of the ranks that get a plus, each with probability 1/2. */
function probabilities(ranks: readonly number[], total: number): Float64Array {
  const found = new Float64Array(total + 1);
  found[0] = 1;
  let max = 0;
  for (const rank of ranks) {
    max += rank;
    for (let sum = max; sum >= 0; sum--) {
      found[sum] = 0.5 * (found[sum] + (sum >= rank ? found[sum - rank] : 0));
    }
  }
  return found;
}
