/**
 * Our finding about the training that keeps correspondence.
 *
 * @module
 */

import { CORRECTED_COLUMNS, type SynthesisedColumn } from "../columns.ts";
import { fixed } from "../tables/text_table.ts";
import type { Finding } from "./finding.ts";
import { judge, type Part } from "./judge.ts";
import { DICE, LUNG_VOLUME, NEAR } from "./measures.ts";
import { diceOf, lungsOf, type StudyScores } from "./study_scores.ts";

const REGIONS = ["thorax", "abdomen"] as const;

/** Corrected syntheses register nearly as well as the original images by NMI, and keep the volume of the lungs. */
export function correctedNearNmi(scores: StudyScores): Finding {
  return {
    sentence:
      "Our training that keeps correspondence: its syntheses are near NMI in both regions, and their lungs " +
      "have the right volume.",
    paper: "not in the paper; the conclusion asks for a deformable registration in the cycle-GAN",
    ours: CORRECTED_COLUMNS.map((column) => textOf(scores, column)).join("; "),
    ...judge(CORRECTED_COLUMNS.flatMap((column) => partsOf(scores, column))),
  };
}

function partsOf(scores: StudyScores, column: SynthesisedColumn): Part[] {
  const { name, title } = column;
  const { volume } = lungsOf(scores, [column], title);
  return [
    ...REGIONS.map((region): Part => {
      const nmi = diceOf(scores, region, "nmi");
      const own = diceOf(scores, region, name);
      return {
        difference: `In the ${region}, ${title} minus ${fixed(100 * NEAR, 0)} % of NMI`,
        value: own.value - NEAR * nmi.value,
        measure: DICE,
        scores: [nmi, own],
      };
    }),
    {
      difference: `The permitted deviation of the lung volume (${
        fixed(LUNG_VOLUME.limit, 2)
      }) minus that of ${title}`,
      value: LUNG_VOLUME.limit - Math.abs(volume.value - 1),
      // The permitted deviation is the limit already.
      measure: { ...LUNG_VOLUME, limit: 0 },
      scores: [volume],
    },
  ];
}

function textOf(scores: StudyScores, column: SynthesisedColumn): string {
  const differences = REGIONS.map((region) => {
    const below = diceOf(scores, region, "nmi").value - diceOf(scores, region, column.name).value;
    return `${region} ${fixed(Math.abs(below), 1)} points ${below < 0 ? "above" : "below"} NMI`;
  });
  const { volume } = lungsOf(scores, [column], column.title);
  return `${column.title}: ${differences.join(", ")}, lung volume ${fixed(volume.value, 2)}`;
}
