/**
 * Table 2: mean Dice of thorax, abdomen and both, per method.
 *
 * @module
 */

import { STRUCTURES } from "../../cohort/label_scheme.ts";
import { meanOf } from "../scores/mean.ts";
import { METHODS } from "../methods.ts";
import type { MethodResult } from "../scores/pair_scores.ts";
import { PAPER_TABLE_2 } from "./paper_tables.ts";
import type { StudyRegion } from "../regions.ts";

/** A paired subject's scores in one region, by method. */
export interface ScoredPair {
  /** The subject. */
  readonly subject: string;
  /** The region. */
  readonly region: StudyRegion;
  /** The methods' results by name. */
  readonly results: Readonly<Record<string, MethodResult>>;
}

/** A row: mean Dice in percent by method, and the paper's. */
export interface Table2Row {
  /** "thorax", "abdomen" or "both". */
  readonly region: keyof typeof PAPER_TABLE_2;
  /** Our mean Dice, percent, by method; NaN where nothing was scored. */
  readonly dice: Readonly<Record<string, number>>;
  /** The paper's, percent. */
  readonly paper: Readonly<Record<string, number>>;
}

/** Dice of a structure. */
export interface StructureRow {
  /** The structure's name. */
  readonly structure: string;
  /** Mean Dice over subjects, percent, by method. */
  readonly dice: Readonly<Record<string, number>>;
}

/**
 * The table. A region's Dice is the mean over its structures and subjects; "both" is the mean over all
 * of them, each structure counting once.
 */
export function table2(pairs: readonly ScoredPair[]): Table2Row[] {
  return (["thorax", "abdomen", "both"] as const).map((region) => ({
    region,
    dice: byMethod((method) => {
      const chosen = pairs.filter((pair) => region === "both" || pair.region === region);
      return 100 * meanOf(chosen.flatMap(({ results }) => diceOf(results[method])));
    }),
    paper: PAPER_TABLE_2[region],
  }));
}

/** Mean Dice of every structure over the subjects. */
export function structureTable(pairs: readonly ScoredPair[]): StructureRow[] {
  return STRUCTURES.map(({ name, label, region }) => ({
    structure: name,
    dice: byMethod((method) =>
      100 * meanOf(
        pairs.filter((pair) => pair.region === region)
          .map(({ results }) => results[method]?.dice[label]),
      )
    ),
  }));
}

/** Results within this many percent of a row's best are marked, as in the paper. */
const NEAR_PERCENT = 5;

/** The methods of a row that are best, and those within 5 % of it. */
export function marked(dice: Readonly<Record<string, number>>): { best: string[]; near: string[] } {
  const most = Math.max(...Object.values(dice).filter((value) => !Number.isNaN(value)));
  const those = (isMarked: (value: number) => boolean) =>
    Object.keys(dice).filter((name) => isMarked(dice[name]));
  return {
    best: those((value) => value === most),
    near: those((value) => value >= most * (1 - NEAR_PERCENT / 100)),
  };
}

function byMethod(value: (method: string) => number): Record<string, number> {
  return Object.fromEntries(METHODS.map(({ name }) => [name, value(name)]));
}

function diceOf(result: MethodResult | undefined): (number | null)[] {
  return Object.values(result?.dice ?? {});
}
