/**
 * Hand-made scores of a study, for tests of its tables and findings.
 *
 * @module
 */

import { COLUMNS } from "../study/columns.ts";
import type { StudyScores } from "../study/findings/study_scores.ts";
import { NO_EDGES, type SynthesisScores } from "../study/scores/synthesis_scores.ts";
import type { SynthesisRow } from "../study/synthesis_measures.ts";
import { PAPER_TABLE_1, PAPER_TABLE_2 } from "../study/tables/paper_tables.ts";
import type { Table1Row } from "../study/tables/table1.ts";
import { profileOf } from "../workflows/profiles.ts";

/** Scores of a synthesis of which only some are known. */
export function synthesisScoresWith(known: Partial<SynthesisScores>): SynthesisScores {
  return {
    error: NaN,
    errorHu: NaN,
    correlation: NaN,
    truthEdges: NO_EDGES,
    sourceTruthEdges: NO_EDGES,
    lungVolume: NaN,
    lungDice: NaN,
    sliceJumps: NaN,
    fatContrast: NaN,
    sourceEdges: NO_EDGES,
    expectedLungVolume: NaN,
    ...known,
  };
}

/** A row of each synthesised column in the thorax, with scores by the columns' names; undefined leaves a row out. */
export function synthesisRows(
  scoresOf: (column: string) => Partial<SynthesisScores> | undefined,
): SynthesisRow[] {
  return COLUMNS.flatMap(({ name, synthesis }) => {
    const known = scoresOf(name);
    if (synthesis === undefined || known === undefined) return [];
    const scores = synthesisScoresWith(known);
    return [{ subject: "p1", region: "thorax" as const, method: name, seconds: 1, scores }];
  });
}

/** A study with the paper's profile and the paper's Tables 1 and 2 as its scores, and without syntheses. */
export function paperScores(): StudyScores {
  return {
    profile: profileOf("paper"),
    breathing: undefined,
    volumes: Object.entries(PAPER_TABLE_1).map(([structure, row]) => ({
      structure: structure as Table1Row["structure"],
      ...row,
    })),
    table2: (["thorax", "abdomen", "both"] as const).map((region) => ({
      region,
      dice: PAPER_TABLE_2[region],
      paper: PAPER_TABLE_2[region],
    })),
    syntheses: [],
  };
}

/** The scores with other Dice, percent, in all regions, by the columns' names. */
export function withDice(
  scores: StudyScores,
  dice: Readonly<Record<string, number>>,
): StudyScores {
  return {
    ...scores,
    table2: scores.table2.map((row) => ({ ...row, dice: { ...row.dice, ...dice } })),
  };
}
