/**
 * The paper's own numbers, to stand beside ours.
 *
 * @module
 */

import { METHODS } from "../methods.ts";

/** Table 2, in the order of its columns. */
const ROWS = {
  thorax: [55.2, 65.4, 75.2, 75.7, 65.2, 62.2, 62.3, 55.4, 58.1, 59.3, 54.6, 55.2],
  abdomen: [60.6, 73.9, 78.8, 78.3, 66.6, 76.9, 77.4, 58.0, 48.4, 72.3, 72.6, 60.4],
  both: [59.6, 67.7, 76.7, 76.9, 65.6, 69.0, 69.1, 56.6, 52.5, 64.6, 63.1, 57.8],
} as const;

/** Table 2: mean Dice in percent by region and method. */
export const PAPER_TABLE_2: Readonly<
  Record<"thorax" | "abdomen" | "both", Readonly<Record<string, number>>>
> = {
  thorax: byMethod(ROWS.thorax),
  abdomen: byMethod(ROWS.abdomen),
  both: byMethod(ROWS.both),
};

function byMethod(values: readonly number[]): Record<string, number> {
  return Object.fromEntries(METHODS.map(({ name }, i) => [name, values[i]]));
}
