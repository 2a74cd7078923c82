/**
 * The findings about registrations of the original images.
 *
 * @module
 */

import { ORIGINAL_COLUMNS, PLAIN_COLUMNS } from "../columns.ts";
import { PAPER_TABLE_2 } from "../tables/paper_tables.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding } from "./finding.ts";
import { judge } from "./judge.ts";
import { DICE } from "./measures.ts";
import { bestOf, diceOf, type StudyScores } from "./study_scores.ts";

const PAPER = PAPER_TABLE_2.both;

/** The paper's columns without NMI and NMI+MIND. */
const OTHERS = [...ORIGINAL_COLUMNS, ...PLAIN_COLUMNS]
  .filter(({ name }) => name !== "nmi" && name !== "nmi+mind");

/** NMI and NMI+MIND are the best of the paper's columns. */
export function bestColumns(scores: StudyScores): Finding {
  const nmi = diceOf(scores, "both", "nmi");
  const combined = diceOf(scores, "both", "nmi+mind");
  const dice = (column: string) => diceOf(scores, "both", column).value;
  const other = bestOf(OTHERS, dice);
  const rest = { name: "Dice of the other columns (both regions)", value: other?.value ?? NaN };
  return {
    sentence: "NMI and NMI+MIND are the best of the paper's columns.",
    paper: textOf((column) => PAPER[column]),
    ours: textOf(dice),
    ...judge([{
      difference: `The lower of NMI and NMI+MIND minus the best other column (${
        other?.title ?? "-"
      })`,
      value: Math.min(nmi.value, combined.value) - rest.value,
      measure: DICE,
      scores: [nmi, combined, rest],
    }]),
  };
}

/** MIND is below NMI. */
export function mindBelowNmi(scores: StudyScores): Finding {
  const nmi = diceOf(scores, "both", "nmi");
  const mind = diceOf(scores, "both", "mind");
  const text = (mindDice: number, nmiDice: number) =>
    `MIND ${fixed(mindDice, 1)}, NMI ${fixed(nmiDice, 1)}`;
  return {
    sentence: "MIND is below NMI.",
    paper: text(PAPER.mind, PAPER.nmi),
    ours: text(mind.value, nmi.value),
    ...judge([{
      difference: "NMI minus MIND",
      value: nmi.value - mind.value,
      measure: DICE,
      scores: [nmi, mind],
    }]),
  };
}

function textOf(dice: (column: string) => number): string {
  const other = bestOf(OTHERS, dice);
  return `NMI ${fixed(dice("nmi"), 1)}, NMI+MIND ${fixed(dice("nmi+mind"), 1)}, best other ` +
    (other === undefined ? "-" : `${fixed(other.value, 1)} (${other.title})`);
}
