/**
 * The tables of the Learn2Reg benchmark.
 *
 * @module
 */

import { fixed, markdownTable } from "../../study/tables/text_table.ts";
import type { MeasuresSummary, PairMeasures } from "./measures.ts";
import { PUBLISHED } from "./published.ts";

/** The measures of one pair under its name. */
export interface MeasuredPair extends PairMeasures {
  /** The name of the pair's displacements. */
  readonly pair: string;
}

/** A table with a row per pair. */
export function pairTable(pairs: readonly MeasuredPair[], labels: readonly number[]): string {
  return markdownTable([
    [
      "pair",
      ...labels.map((label) => `Dice ${label}`),
      "Dice",
      "HD95, voxels",
      "SDlogJ",
      "SD log J",
      "J <= 0, %",
    ],
    ...pairs.map((one) => [
      one.pair,
      ...labels.map((label) => fixed(one.diceByLabel[label], 4)),
      fixed(one.dice, 4),
      fixed(one.hd95, 2),
      fixed(one.sdLogJ, 4),
      fixed(one.sdLogJacobian, 3),
      fixed(one.foldedPercent, 4),
    ]),
  ]);
}

/** A table with a row per set of displacements that was measured here. */
export function summaryTable(rows: Readonly<Record<string, MeasuresSummary>>): string {
  return markdownTable([
    ["measured here", "Dice", "Dice, 30 %", "HD95, voxels", "SDlogJ", "SD log J", "J <= 0, %"],
    ...Object.entries(rows).map(([name, one]) => [
      name,
      fixed(one.dice, 4),
      fixed(one.dice30, 4),
      fixed(one.hd95, 2),
      fixed(one.sdLogJ, 4),
      fixed(one.sdLogJacobian, 3),
      fixed(one.foldedPercent, 4),
    ]),
  ]);
}

/** The table of the published figures. */
export function publishedTable(): string {
  const cells = [
    ["published, not measured here", "Dice", "HD95", "pairs", "source"],
    ...PUBLISHED.map(({ method, dice, hd95, pairs, source }) => [
      method,
      String(dice),
      hd95 === undefined ? "-" : String(hd95),
      pairs,
      source,
    ]),
  ];
  return markdownTable(cells, { isText: true });
}
