/**
 * The scores of a study that the findings are judged by, each with its name.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { Profile } from "../../workflows/profiles.ts";
import { type Column, COLUMNS, type SynthesisedColumn } from "../columns.ts";
import { meanOf } from "../scores/mean.ts";
import type { SynthesisScores } from "../scores/synthesis_scores.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";
import type { Table1Row } from "../tables/table1.ts";
import type { Table2Row } from "../tables/table2.ts";
import type { Score } from "./judge.ts";

/** The scores of a study. */
export interface StudyScores {
  /** The profile. */
  readonly profile: Profile;
  /** The breathing states of a phantom's populations; undefined where they are not recorded. */
  readonly breathing: string | undefined;
  /** Table 1. */
  readonly volumes: readonly Table1Row[];
  /** Table 2. */
  readonly table2: readonly Table2Row[];
  /** The scores of the syntheses. */
  readonly syntheses: readonly SynthesisRow[];
}

/** A region of Table 2. */
export type Table2Region = Table2Row["region"];

/** A column's Dice in a region, percent. */
export function diceOf({ table2 }: StudyScores, region: Table2Region, column: string): Score {
  const row = table2.find((one) => one.region === region);
  return {
    name: `Dice of ${COLUMNS.find(({ name }) => name === column)?.title ?? column} (${
      placeOf(region)
    })`,
    value: row?.dice[column] ?? NaN,
  };
}

/** The best of some columns with its Dice, percent; undefined if none has a Dice. */
export function bestOf(
  columns: readonly Column[],
  dice: (column: string) => number,
): { readonly title: string; readonly value: number } | undefined {
  return columns.map(({ name, title }) => ({ title, value: dice(name) }))
    .filter(({ value }) => Number.isFinite(value))
    .sort((a, b) => b.value - a.value).at(0);
}

/** A region as a place. */
function placeOf(region: Table2Region): string {
  return region === "both" ? "both regions" : region;
}

/** The mean of a synthesis score over subjects and columns; values that are not known do not count. */
export function meanScore(
  { syntheses }: StudyScores,
  columns: readonly SynthesisedColumn[],
  value: (scores: SynthesisScores) => number,
): number {
  const names = columns.map(({ name }) => name);
  return meanOf(
    syntheses.filter(({ method }) => names.includes(method))
      .map(({ scores }) => value(scores)).filter(Number.isFinite),
  );
}

/** The lungs in the syntheses of some columns. */
export interface SynthesisedLungs {
  /** The volume divided by that in the true image, or by the expected one where the true image is not known. */
  readonly volume: Score;
  /** The displacement of the borders outward, mm, against the true image or the source. */
  readonly borders: Score;
}

/** The mean of the lungs over the subjects and some columns. */
export function lungsOf(
  scores: StudyScores,
  columns: readonly SynthesisedColumn[],
  name: string,
): SynthesisedLungs {
  const known = (first: number, second: number) => Number.isFinite(first) ? first : second;
  const withLungs: StudyScores = {
    ...scores,
    syntheses: scores.syntheses.filter(({ region }) => region !== "abdomen"),
  };
  return {
    volume: {
      name: `lung volume of ${name}`,
      value: meanScore(
        withLungs,
        columns,
        ({ lungVolume, expectedLungVolume }) => known(lungVolume, expectedLungVolume),
      ),
    },
    borders: {
      name: `lung borders of ${name}`,
      value: meanScore(
        withLungs,
        columns,
        ({ truthEdges, sourceEdges }) => known(truthEdges.lungs, sourceEdges.lungs),
      ),
    },
  };
}

/** The volume of the lungs in a population: the mean of both lungs together, cm3; NaN where it is not known. */
export function populationLungs(
  volumes: readonly Pick<Table1Row, "structure" | Modality>[],
  of: Modality,
): number {
  const lungs = volumes.filter(({ structure }) => structure.endsWith("lung"));
  return lungs.length === 0 ? NaN : lungs.reduce((sum, row) => sum + row[of], 0);
}
