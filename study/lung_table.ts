/**
 * What the cycle-GANs do to the lungs, as a table.
 *
 * @module
 */

import { meanOf } from "./mean.ts";
import { METHODS } from "./methods.ts";
import type { LungRow } from "./study_lungs.ts";
import { type Cells, fixed } from "./text_table.ts";

/** Means over the subjects, a row for each cycle-GAN and direction. */
export function lungCells(rows: readonly LungRow[]): Cells {
  const body = METHODS.flatMap(({ name, title, synthesis }) => {
    const found = rows.filter(({ method }) => method === name).map(({ bias }) => bias);
    if (synthesis === undefined || found.length === 0) return [];
    const mean = (value: (bias: typeof found[number]) => number) => meanOf(found.map(value));
    const labelled = mean((bias) => bias.labelled), source = mean((bias) => bias.source);
    const synthesised = mean((bias) => bias.synthesis);
    return [[
      `${synthesis.of === "mr" ? "CT to" : "MR to"} ${title}`,
      fixed(labelled, 0),
      fixed(100 * mean((bias) => bias.thresholdDice), 1),
      fixed(source, 0),
      fixed(synthesised, 0),
      fixed(100 * synthesised / source, 0),
      fixed(100 * mean((bias) => bias.dice), 1),
    ]];
  });
  return [
    [
      ...["Synthesis", "lungs by label, ml", "threshold against label: Dice, %", "source, ml"],
      ...["synthesis, ml", "synthesis / source, %", "Dice, %"],
    ],
    ...body,
  ];
}
