/**
 * The lungs in the cycle-GANs' syntheses as a table.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import type { LungBias } from "../scores/lung_bias.ts";
import { meanOf } from "../scores/mean.ts";
import { COLUMNS } from "../columns.ts";
import type { LungRow } from "../lungs.ts";
import { type Cells, fixed } from "./text_table.ts";

/**
 * Means over the subjects, a row for each cycle-GAN and direction. A threshold finds more of the lungs in
 * one modality than in the other. A synthesis is therefore compared with real images of its own modality: in a
 * faithful synthesis the threshold would find the same share of the labelled volume.
 */
export function lungCells(rows: readonly LungRow[]): Cells {
  const inReal = { ct: findings(rows, "ct"), mr: findings(rows, "mr") };
  const body = COLUMNS.flatMap(({ name, title, synthesis }) => {
    const found = rows.filter(({ method }) => method === name).map(({ bias }) => bias);
    if (synthesis === undefined || found.length === 0) return [];
    const mean = (value: (bias: LungBias) => number) => meanOf(found.map(value));
    const labelled = mean((bias) => bias.labelled);
    const made = mean((bias) => bias.synthesis);
    const { share, dice } = inReal[synthesis.of];
    const faithful = labelled * share;
    return [[
      `${synthesis.of === "mr" ? "CT to" : "MR to"} ${title}`,
      fixed(labelled, 0),
      fixed(made, 0),
      fixed(faithful, 0),
      fixed(100 * made / faithful, 0),
      fixed(100 * mean((bias) => bias.dice), 1),
      fixed(100 * dice, 1),
    ]];
  });
  return [
    [
      "Synthesis",
      "lungs by label, ml",
      "in the synthesis, ml",
      "if faithful, ml",
      "synthesis / faithful, %",
      "Dice with the labels, %",
      "if faithful, %",
    ],
    ...body,
  ];
}

/** The share of the labelled volume that the threshold finds in real images of a modality, and the Dice. */
function findings(rows: readonly LungRow[], modality: Modality): { share: number; dice: number } {
  const from = new Set(
    COLUMNS.filter(({ synthesis }) => synthesis && synthesis.of !== modality).map(({ name }) =>
      name
    ),
  );
  const real = rows.filter(({ method }) => from.has(method)).map(({ bias }) => bias);
  return {
    share: meanOf(real.map(({ source, labelled }) => source / labelled)),
    dice: meanOf(real.map(({ thresholdDice }) => thresholdDice)),
  };
}
