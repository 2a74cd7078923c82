/**
 * What the cycle-GANs do to the lungs, as a table.
 *
 * @module
 */

import { METHODS } from "./methods.ts";
import type { LungRow } from "./study_lungs.ts";
import type { Cells } from "./text_table.ts";

/** Means over the subjects, a row for each cycle-GAN and direction. */
export function lungCells(rows: readonly LungRow[]): Cells {
  const body = METHODS.flatMap(({ name, title, synthesis }) => {
    const found = rows.filter(({ method }) => method === name).map(({ bias }) => bias);
    if (synthesis === undefined || found.length === 0) return [];
    const mean = (value: (bias: typeof found[number]) => number | null) =>
      found.reduce((sum, bias) => sum + (value(bias) ?? NaN), 0) / found.length;
    const text = (value: number, digits: number) =>
      Number.isNaN(value) ? "-" : value.toFixed(digits);
    const labelled = mean((bias) => bias.labelled), source = mean((bias) => bias.source);
    const synthesised = mean((bias) => bias.synthesis);
    return [[
      `${synthesis.of === "mr" ? "CT to" : "MR to"} ${title}`,
      text(labelled, 0),
      text(100 * mean((bias) => bias.thresholdDice), 1),
      text(source, 0),
      text(synthesised, 0),
      text(100 * synthesised / source, 0),
      text(100 * mean((bias) => bias.dice), 1),
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
