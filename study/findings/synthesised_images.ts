/**
 * The findings about registrations of synthesised images.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { PLAIN_COLUMNS } from "../columns.ts";
import { meanOf } from "../scores/mean.ts";
import { PAPER_TABLE_2 } from "../tables/paper_tables.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding } from "./finding.ts";
import { judge, type Part } from "./judge.ts";
import { DICE, NEAR } from "./measures.ts";
import { bestOf, diceOf, type StudyScores } from "./study_scores.ts";

const PERCENT = fixed(100 * NEAR, 0);

/** Synthesised images are far below NMI in the thorax and near it in the abdomen. */
export function thoraxAndAbdomen(scores: StudyScores): Finding {
  const text = (dice: (region: "thorax" | "abdomen", column: string) => number) =>
    (["thorax", "abdomen"] as const).map((region) => {
      const best = bestOf(PLAIN_COLUMNS, (column) => dice(region, column));
      return `${region}: ${
        best === undefined ? "-" : `${fixed(best.value, 1)} (${best.title})`
      }, NMI ${fixed(dice(region, "nmi"), 1)}`;
    }).join("; ");
  const part = (region: "thorax" | "abdomen"): Part => {
    const nmi = diceOf(scores, region, "nmi");
    const best = {
      name: `Dice of the synthesised images (${region})`,
      value: bestOf(PLAIN_COLUMNS, (column) => diceOf(scores, region, column).value)?.value ?? NaN,
    };
    const above = best.value - NEAR * nmi.value;
    return {
      difference: region === "thorax"
        ? `In the thorax, ${PERCENT} % of NMI minus the best synthesis`
        : `In the abdomen, the best synthesis minus ${PERCENT} % of NMI`,
      value: region === "thorax" ? -above : above,
      measure: DICE,
      scores: [nmi, best],
    };
  };
  return {
    sentence: "Synthesised images are far below NMI in the thorax, and near NMI in the abdomen.",
    paper: text((region, column) => PAPER_TABLE_2[region][column]),
    ours: text((region, column) => diceOf(scores, region, column).value),
    ...judge([part("thorax"), part("abdomen")]),
  };
}

/** Synthesised CT images register worse than synthesised MR images. */
export function ctBelowMr(scores: StudyScores): Finding {
  const mean = (of: Modality, dice: (column: string) => number) => meanOf(plainNames(of).map(dice));
  const text = (dice: (column: string) => number) =>
    `mean of the columns: MR ${fixed(mean("mr", dice), 1)}, CT ${fixed(mean("ct", dice), 1)}`;
  const ours = (column: string) => diceOf(scores, "both", column).value;
  const [mr, ct] = (["mr", "ct"] as const).map((of) => ({
    name: `Dice of the synthesised ${of.toUpperCase()} images (both regions)`,
    value: mean(of, ours),
  }));
  return {
    sentence: "Synthesised CT images register worse than synthesised MR images.",
    paper: text((column) => PAPER_TABLE_2.both[column]),
    ours: text(ours),
    ...judge([{
      difference: "The mean of the synthesised MR images minus that of the synthesised CT images",
      value: mr.value - ct.value,
      measure: DICE,
      scores: [mr, ct],
    }]),
  };
}

function plainNames(of: Modality): string[] {
  return PLAIN_COLUMNS.filter(({ synthesis }) => synthesis.of === of).map(({ name }) => name);
}
