/**
 * The figures of methods on pairs, as lines of a table and as files.
 *
 * @module
 */

import type { MethodResult } from "./methods.ts";
import { csvTable } from "../study/tables/text_table.ts";
import type { PairScore } from "../testing/score_pair.ts";

/** The figures of one method on one pair. */
export interface ScoreRow extends PairScore, Omit<MethodResult, "field"> {
  /** The name of the pair. */
  readonly pair: string;
  /** The name of the method. */
  readonly method: string;
}

/** A column: its title, width and cell. */
type Column = readonly [string, number, (row: ScoreRow) => string];

const megabytes = (bytes: number | undefined) =>
  bytes === undefined ? "-" : (bytes / 2 ** 20).toFixed(0);

const columns: readonly Column[] = [
  ["method", -27, (row) => row.method],
  ["Dice", 7, (row) => row.dice.toFixed(4)],
  ["HD95", 6, (row) => row.hd95.toFixed(2)],
  ["TRE mean", 9, (row) => row.treMean.toFixed(2)],
  ["p95", 6, (row) => row.tre95.toFixed(2)],
  ["sliding", 8, (row) => row.treSliding?.toFixed(2) ?? "-"],
  ["apart", 6, (row) => row.treApart?.toFixed(2) ?? "-"],
  ["max mm", 7, (row) => row.treMax.toFixed(1)],
  ["% J<=0", 8, (row) => row.foldedPercent.toFixed(4)],
  ["SD log J", 9, (row) => row.sdLogJacobian.toFixed(3)],
  ["seconds", 8, (row) => row.seconds?.toFixed(1) ?? "-"],
  ["host MiB", 9, (row) => megabytes(row.peakBytes)],
  ["GPU MiB", 8, (row) => megabytes(row.gpuBytes)],
];

/** Writes lines about pairs whose names have at most so many letters. */
export class ScoreTable {
  readonly #columns: readonly Column[];

  constructor(pairLetters: number) {
    this.#columns = [["pair", -Math.max(4, pairLetters), (row) => row.pair], ...columns];
  }

  /** The head. */
  head(): string {
    return this.#line(([title]) => title);
  }

  /** One line. */
  line(row: ScoreRow): string {
    return this.#line(([, , cell]) => cell(row));
  }

  #line(text: (column: Column) => string): string {
    const cells = this.#columns.map((column) => {
      const width = column[1];
      return width < 0 ? text(column).padEnd(-width) : text(column).padStart(width);
    });
    return cells.join(" ").trimEnd();
  }
}

/** The mean of a method's rows; of memory the maximum. */
export function meanRow(rows: readonly ScoreRow[], method: string, pair = "mean"): ScoreRow {
  const own = rows.filter((row) => row.method === method);
  const mean = (value: (row: ScoreRow) => number | undefined) =>
    own.reduce((sum, row) => sum + (value(row) ?? NaN), 0) / own.length;
  const max = (value: (row: ScoreRow) => number | undefined) =>
    Math.max(...own.map((row) => value(row) ?? NaN));
  const record = (values: (row: ScoreRow) => Readonly<Record<string, number>>) =>
    Object.fromEntries(
      Object.keys(values(own[0])).map((name) => [name, mean((row) => values(row)[name])]),
    );
  const defined = (
    name: "seconds" | "peakBytes" | "gpuBytes" | "treSliding" | "treApart",
    value: number,
  ) => Number.isNaN(value) ? {} : { [name]: value };
  return {
    pair,
    method,
    dice: mean((r) => r.dice),
    diceByLabel: record((r) => r.diceByLabel),
    hd95: mean((r) => r.hd95),
    hd95ByLabel: record((r) => r.hd95ByLabel),
    treMean: mean((r) => r.treMean),
    tre95: mean((r) => r.tre95),
    treMax: mean((r) => r.treMax),
    foldedPercent: mean((r) => r.foldedPercent),
    jacobianMin: mean((r) => r.jacobianMin),
    sdLogJacobian: mean((r) => r.sdLogJacobian),
    ...defined("treSliding", mean((r) => r.treSliding)),
    ...defined("treApart", mean((r) => r.treApart)),
    ...defined("seconds", mean((r) => r.seconds)),
    ...defined("peakBytes", max((r) => r.peakBytes)),
    ...defined("gpuBytes", max((r) => r.gpuBytes)),
  };
}

/** Writes scores.json, with all figures, and scores.csv, with the table's, into a folder. */
export async function writeScores(folder: string, rows: readonly ScoreRow[]): Promise<void> {
  await Deno.mkdir(folder, { recursive: true });
  await Deno.writeTextFile(`${folder}/scores.json`, JSON.stringify(rows, null, 2) + "\n");
  const all: readonly Column[] = [["pair", 0, (row) => row.pair], ...columns];
  const cells = [
    all.map(([title]) => title),
    ...rows.map((row) => all.map(([, , cell]) => cell(row))),
  ];
  await Deno.writeTextFile(`${folder}/scores.csv`, csvTable(cells));
}
