/**
 * The numbers of the paper's tables. The paper is Tanner et al. 2018, "Generative Adversarial Networks for
 * MR-CT Deformable Image Registration", arXiv:1807.07349.
 *
 * @module
 */

import type { StructureName } from "../../cohort/label_scheme.ts";
import { ORIGINAL_COLUMNS, PLAIN_COLUMNS } from "../columns.ts";

/** A row of the paper's Table 1. */
export interface PaperVolumes {
  /** Mean volume in CT images, cm3. */
  readonly ct: number;
  /** Mean volume in MR images, cm3. */
  readonly mr: number;
  /** The printed ratio CT/MR in percent. The paper computed it from volumes that it had not rounded yet. */
  readonly ratio: number;
}

/** The paper's Table 1. */
export const PAPER_TABLE_1: Readonly<Record<StructureName, PaperVolumes>> = {
  "liver": { ct: 1896, mr: 1576, ratio: 120 },
  "spleen": { ct: 244, mr: 248, ratio: 98 },
  "gallbladder": { ct: 42, mr: 201, ratio: 21 },
  "right lung": { ct: 2598, mr: 1338, ratio: 194 },
  "left lung": { ct: 2253, mr: 1144, ratio: 197 },
  "bladder": { ct: 198, mr: 153, ratio: 129 },
  "lumbar vertebra 1": { ct: 63, mr: 62, ratio: 101 },
  "right kidney": { ct: 185, mr: 211, ratio: 88 },
  "left kidney": { ct: 197, mr: 225, ratio: 88 },
  "right psoas": { ct: 208, mr: 158, ratio: 131 },
  "left psoas": { ct: 188, mr: 180, ratio: 105 },
};

/** The paper's columns; the study's other columns have no value there. */
const PAPER_COLUMNS = [...ORIGINAL_COLUMNS, ...PLAIN_COLUMNS];

/** Table 2, in the order of its columns. */
const ROWS = {
  thorax: [55.2, 65.4, 75.2, 75.7, 65.2, 62.2, 62.3, 55.4, 58.1, 59.3, 54.6, 55.2],
  abdomen: [60.6, 73.9, 78.8, 78.3, 66.6, 76.9, 77.4, 58.0, 48.4, 72.3, 72.6, 60.4],
  both: [59.6, 67.7, 76.7, 76.9, 65.6, 69.0, 69.1, 56.6, 52.5, 64.6, 63.1, 57.8],
} as const;

/** Table 2: mean Dice in percent by region and column. */
export const PAPER_TABLE_2: Readonly<
  Record<"thorax" | "abdomen" | "both", Readonly<Record<string, number>>>
> = {
  thorax: byColumn(ROWS.thorax),
  abdomen: byColumn(ROWS.abdomen),
  both: byColumn(ROWS.both),
};

function byColumn(values: readonly number[]): Record<string, number> {
  return Object.fromEntries(PAPER_COLUMNS.map(({ name }, i) => [name, values[i]]));
}
