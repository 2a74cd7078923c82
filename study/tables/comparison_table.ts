/**
 * Exact signed-rank tests between the columns of Table 2.
 *
 * @module
 */

import { COLUMNS } from "../columns.ts";
import { signedRankTest } from "../scores/signed_rank.ts";
import type { ScoredPair } from "./table2.ts";
import type { Cells } from "./text_table.ts";

/**
 * Two-sided p of every column against every other one, over the Dice of all structures of all paired
 * subjects. Structures without a Dice in either column are left out.
 */
export function comparisonCells(pairs: readonly ScoredPair[]): Cells {
  const values = COLUMNS.map(({ name }) =>
    pairs.flatMap(({ results }) => Object.values(results[name]?.dice ?? {}))
  );
  return [
    ["p", ...COLUMNS.map(({ title }) => title)],
    ...COLUMNS.map(({ title }, i) => [
      title,
      ...COLUMNS.map((_, j) => i === j ? "" : probability(values[i], values[j])),
    ]),
  ];
}

function probability(a: readonly (number | null)[], b: readonly (number | null)[]): string {
  if (a.length !== b.length) return "-";
  const both = a.map((value, i) => [value, b[i]])
    .filter((pair): pair is [number, number] => pair[0] !== null && pair[1] !== null);
  const { p } = signedRankTest(both.map(([x]) => x), both.map(([, y]) => y));
  return p < 0.001 ? p.toExponential(0) : p.toFixed(3);
}
