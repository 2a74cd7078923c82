/**
 * The findings as a table.
 *
 * @module
 */

import type { Finding } from "../findings/finding.ts";
import { DICE, IMAGE_ERROR, LUNG_VOLUME, NEAR, SLICE_JUMPS } from "../findings/measures.ts";
import { type Cells, fixed } from "./text_table.ts";

/** An explanation of the table, for the report. */
export const FINDINGS_NOTE =
  "The verdicts are computed from the scores of this study. A finding holds if each of its parts is true by more " +
  "than a limit, and does not hold if a part is false by more than the limit. " +
  '"Not at this size" means that a difference is within the limit, or that the profile cannot show it. ' +
  '"Not in this cohort" means that scores are missing, or that the cohort lacks what the finding is about. ' +
  `The limits are the differences between trainings with different seeds: ${
    fixed(DICE.limit, 1)
  } points of Dice, ` +
  `${fixed(LUNG_VOLUME.limit, 2)} of the lung volume, ${
    fixed(IMAGE_ERROR.limit, 0)
  } % of the range for the error; for ` +
  `the borders of the lungs the limit is a third of a voxel, and for the slice jumps ${
    fixed(SLICE_JUMPS.limit, 2)
  }. ` +
  `Near NMI means at least ${
    fixed(100 * NEAR, 0)
  } % of NMI's Dice, as in the marks of Table 2; far below means less. ` +
  "Dice is the mean over structures and paired subjects, in percent. The lung volume is that of the synthesis " +
  "divided by that of the true image, or by the expected one where the true image is not known. Lung borders are " +
  "positive outward.";

/** A sentence for cohorts whose populations have the same breathing states. */
export const BALANCED_NOTE =
  "The populations of this cohort have the same breathing states. The findings 3 to 6 of the paper are about " +
  "populations that differ; here they show what remains without this difference.";

/** A row for each finding. */
export function findingsCells(findings: readonly Finding[]): Cells {
  return [
    ["Finding", "paper", "here", "verdict", "reason"],
    ...findings.map(({ sentence, paper, ours, verdict, reason }, i) => [
      `${i + 1}. ${sentence}`,
      paper,
      ours,
      verdict,
      reason,
    ]),
  ];
}
