/**
 * The warning about syntheses whose soft tissue is inverted.
 *
 * @module
 */

import { type Column, SYNTHESISED_COLUMNS } from "../columns.ts";
import type { SynthesisRow } from "../synthesis_measures.ts";

/**
 * One sentence that names the columns and regions in which fat and muscle of the syntheses have the order of the other
 * modality, in the mean over the subjects; undefined if there are none.
 *
 * @param columns - The columns of the rows. Default: those of Table 2.
 */
export function invertedSyntheses(
  rows: readonly SynthesisRow[],
  columns: readonly Column[] = SYNTHESISED_COLUMNS,
): string | undefined {
  const inverted = columns.flatMap(({ name, title }) => {
    const regions = [...new Set(rows.map(({ region }) => region))].filter((region) => {
      const contrasts = rows
        .filter((row) => row.method === name && row.region === region)
        .map(({ scores }) => scores.fatContrast)
        .filter((contrast) => !Number.isNaN(contrast));
      const sum = contrasts.reduce((all, contrast) => all + contrast, 0);
      return contrasts.length > 0 && sum <= 0;
    });
    return regions.length === 0 ? [] : [`${title} (${regions.join(", ")})`];
  });
  if (inverted.length === 0) return undefined;
  return `The soft tissue is inverted in the syntheses of ${
    inverted.join(", ")
  }: fat and muscle have the order of ` +
    "the other modality. These trainings have failed in this respect, whatever the Dice is.";
}
