/**
 * The paper's findings, and ours, judged by the scores of a study.
 *
 * @module
 */

import { correctedNearNmi } from "./corrected_images.ts";
import type { Finding } from "./finding.ts";
import { lungBias, noBiasIfBalanced } from "./lung_bias.ts";
import { bestColumns, mindBelowNmi } from "./original_images.ts";
import { smallerField } from "./receptive_field.ts";
import { inconsistentSlices } from "./slice_consistency.ts";
import type { StudyScores } from "./study_scores.ts";
import { ctBelowMr, thoraxAndAbdomen } from "./synthesised_images.ts";

/** The findings in the order of the report. */
export function findingsOf(scores: StudyScores): Finding[] {
  const balanced = noBiasIfBalanced(scores);
  return [
    bestColumns(scores),
    mindBelowNmi(scores),
    thoraxAndAbdomen(scores),
    lungBias(scores),
    ctBelowMr(scores),
    smallerField(scores),
    inconsistentSlices(scores),
    correctedNearNmi(scores),
    ...(balanced === undefined ? [] : [balanced]),
  ];
}
