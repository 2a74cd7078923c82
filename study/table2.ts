/**
 * Table 2: mean Dice of thorax, abdomen and both, per method.
 *
 * @module
 */

import { type Region, STRUCTURES } from "../cohort/label_scheme.ts";
import type { PairResult, PairScores } from "./pair_registration.ts";
import { PAPER_TABLE_2 } from "./paper_tables.ts";

/** The methods there are so far. */
export const METHODS = ["rigid", "nmi"] as const;
/** A column of the table. */
export type Method = typeof METHODS[number];

/** One registration's scores and where they belong. */
export interface ScoredPair {
  /** The subject. */
  readonly subject: string;
  /** The region. */
  readonly region: Region;
  /** Its scores. */
  readonly scores: PairResult;
}

/** A row: mean Dice in percent by method, and the paper's. */
export interface Table2Row {
  /** "thorax", "abdomen" or "both". */
  readonly region: Region | "both";
  /** Our mean Dice, percent. */
  readonly dice: Readonly<Record<Method, number>>;
  /** The paper's, percent. */
  readonly paper: Readonly<Record<Method, number>>;
}

/** Dice of a structure in each subject. */
export interface StructureRow {
  /** The structure's name. */
  readonly structure: string;
  /** Mean Dice over subjects, percent. */
  readonly dice: Readonly<Record<Method, number>>;
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
      return 100 * mean(chosen.flatMap((pair) => diceOf(pair.scores[method])));
    }),
    paper: { rigid: PAPER_TABLE_2[region].rigid, nmi: PAPER_TABLE_2[region].NMI },
  }));
}

/** Mean Dice of every structure over the subjects. */
export function structureTable(pairs: readonly ScoredPair[]): StructureRow[] {
  return STRUCTURES.map(({ name, label, region }) => ({
    structure: name,
    dice: byMethod((method) =>
      100 * mean(
        pairs.filter((pair) => pair.region === region)
          .map((pair) => pair.scores[method].dice[label])
          .filter((dice): dice is number => typeof dice === "number"),
      )
    ),
  }));
}

function byMethod(value: (method: Method) => number): Record<Method, number> {
  return Object.fromEntries(METHODS.map((method) => [method, value(method)])) as Record<
    Method,
    number
  >;
}

function diceOf({ dice }: PairScores): number[] {
  return Object.values(dice).filter((value): value is number => value !== null);
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
