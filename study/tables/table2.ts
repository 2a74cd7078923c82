/**
 * Table 2: mean Dice of thorax, abdomen and both, per column.
 *
 * @module
 */

import { STRUCTURES } from "../../cohort/label_scheme.ts";
import { meanOf } from "../scores/mean.ts";
import { COLUMNS } from "../columns.ts";
import type { StudySettings } from "../column_settings.ts";
import type { RegistrationScores } from "../scores/pair_scores.ts";
import { PAPER_TABLE_2 } from "./paper_tables.ts";
import type { ImageRegion } from "../../workflows/body_region.ts";

/** A paired subject's scores in one region. */
export interface ScoredPair {
  /** The subject. */
  readonly subject: string;
  /** The region. */
  readonly region: ImageRegion;
  /** The scores by the columns' names. */
  readonly results: Readonly<Record<string, RegistrationScores>>;
}

/** A row: our mean Dice and the paper's. */
export interface Table2Row {
  /** "thorax", "abdomen" or "both". */
  readonly region: keyof typeof PAPER_TABLE_2;
  /** Our mean Dice, percent, by column; NaN where nothing was scored. */
  readonly dice: Readonly<Record<string, number>>;
  /** The paper's mean Dice, percent, by column. */
  readonly paper: Readonly<Record<string, number>>;
}

/** Dice of a structure. */
export interface StructureRow {
  /** The structure's name. */
  readonly structure: string;
  /** Mean Dice over subjects, percent, by column. */
  readonly dice: Readonly<Record<string, number>>;
}

/** The scores of the same pairs by several groups of columns, in the order of the groups. */
export function mergedPairs(...groups: readonly (readonly ScoredPair[])[]): ScoredPair[] {
  const [first = [], ...others] = groups;
  return first.map(({ subject, region, results }) => {
    const more = others.map((pairs) =>
      pairs.find((pair) => pair.subject === subject && pair.region === region)?.results
    );
    return { subject, region, results: Object.assign({}, results, ...more) };
  });
}

/**
 * Makes Table 2. A region's Dice is the mean over its structures and subjects; "both" is the mean over all
 * of them, each structure counting once, with the best settings of each region.
 *
 * The paper does not state what its row "Both" is. None of its 12 columns is this mean, and the 11 deformable ones lie
 * below it, as they would with one setting for both regions. {@link jointDice} has the Dice of such a setting.
 */
export function table2(pairs: readonly ScoredPair[]): Table2Row[] {
  return (["thorax", "abdomen", "both"] as const).map((region) => ({
    region,
    dice: byColumn((column) => meanDice(pairs, region, column)),
    paper: PAPER_TABLE_2[region],
  }));
}

/** Mean Dice of a region by a column, percent: over its structures and the subjects. */
export function meanDice(
  pairs: readonly ScoredPair[],
  region: ImageRegion | "both",
  column: string,
): number {
  const chosen = pairs.filter((pair) => region === "both" || pair.region === region);
  return 100 * meanOf(chosen.flatMap(({ results }) => Object.values(results[column]?.dice ?? {})));
}

/** Mean Dice in percent of the joint optimum of the grid search by column, for columns with such a search. */
export function jointDice({ originals, syntheses }: StudySettings): Record<string, number> {
  const found = COLUMNS.flatMap(({ name, similarity, synthesis }): [string, number][] => {
    const search = synthesis === undefined ? originals : syntheses?.[name];
    const joint = search?.joint?.find((one) => one.similarity === similarity);
    return joint === undefined ? [] : [[name, 100 * joint.dice]];
  });
  return Object.fromEntries(found);
}

/** Mean Dice of every structure over the subjects. */
export function structureTable(pairs: readonly ScoredPair[]): StructureRow[] {
  return STRUCTURES.map(({ name, label, region }) => ({
    structure: name,
    dice: byColumn((column) =>
      100 * meanOf(
        pairs.filter((pair) => pair.region === region)
          .map(({ results }) => results[column]?.dice[label]),
      )
    ),
  }));
}

/** Values within this many percent of a row's best are marked, as in the paper. */
const NEAR_PERCENT = 5;

/** The columns with the highest Dice of a row, and those within 5 % of it. */
export function marked(dice: Readonly<Record<string, number>>): { best: string[]; near: string[] } {
  const max = Math.max(...Object.values(dice).filter((value) => !Number.isNaN(value)));
  const those = (isMarked: (value: number) => boolean) =>
    Object.keys(dice).filter((name) => isMarked(dice[name]));
  return {
    best: those((value) => value === max),
    near: those((value) => value >= max * (1 - NEAR_PERCENT / 100)),
  };
}

function byColumn(value: (column: string) => number): Record<string, number> {
  return Object.fromEntries(COLUMNS.map(({ name }) => [name, value(name)]));
}
