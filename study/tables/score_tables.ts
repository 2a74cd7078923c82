/**
 * The scores of the registrations as tables of text.
 *
 * @module
 */

import { STRUCTURES } from "../../cohort/label_scheme.ts";
import { meanOf } from "../scores/mean.ts";
import { type Column, COLUMNS, ORIGINAL_COLUMNS } from "../columns.ts";
import type { RegistrationScores } from "../scores/pair_scores.ts";
import { marked, meanDice, type ScoredPair, structureTable, table2 } from "./table2.ts";
import { type Cells, fixed } from "./text_table.ts";

const HEAD = ["", ...COLUMNS.map(({ title }) => title)] as const;

/**
 * Table 2: our rows, each above the paper's.
 *
 * @param joint - Dice of the joint optimum in the grid search by column, percent. Default: the table has no such row.
 */
export function table2Cells(
  pairs: readonly ScoredPair[],
  joint: Readonly<Record<string, number>> = {},
): Cells {
  const hasJoint = Object.values(joint).some(Number.isFinite);
  return [
    HEAD,
    ...table2(pairs).flatMap(({ region, dice, paper }) => {
      const { best, near } = marked(dice);
      const mark = (name: string) => best.includes(name) ? "**" : near.includes(name) ? "*" : "";
      return [
        [region, ...COLUMNS.map(({ name }) => fixed(dice[name], 1) + mark(name))],
        ...region === "both" && hasJoint
          ? [["both, one setting", ...COLUMNS.map(({ name }) => fixed(joint[name] ?? NaN, 1))]]
          : [],
        [`${region}, paper`, ...COLUMNS.map(({ name }) => fixed(paper[name] ?? NaN, 1))],
      ];
    }),
  ];
}

/** Dice by structure. */
export function structureCells(pairs: readonly ScoredPair[]): Cells {
  return [
    HEAD,
    ...structureTable(pairs).map(({ structure, dice }) => [
      structure,
      ...COLUMNS.map(({ name }) => fixed(dice[name], 1)),
    ]),
  ];
}

/** The 95th percentile of the surfaces' distance by structure, mean over subjects. */
export function surfaceCells(pairs: readonly ScoredPair[]): Cells {
  return [
    HEAD,
    ...STRUCTURES.map(({ name: structure, label, region }) => [
      structure,
      ...COLUMNS.map(({ name }) =>
        fixed(
          meanOf(
            pairs.filter((pair) => pair.region === region)
              .map(({ results }) => results[name]?.hausdorff95[label]),
          ),
          1,
        )
      ),
    ]),
  ];
}

/** A row for each registration. */
export function registrationCells(pairs: readonly ScoredPair[], columns: readonly Column[]): Cells {
  return [
    ["Registration", "method", "TRE, mm", "95 %, mm", "NMI", "J <= 0, %", "SD log J"],
    ...pairs.flatMap(({ subject, region, results }) =>
      columns.filter(({ name }) => results[name] !== undefined).map(({ name, title }) => [
        `${subject} ${region}`,
        title,
        ...scores([results[name]]),
      ])
    ),
  ];
}

/** A row for each ablation, below those of Table 2's columns on original images. */
export function ablationCells(pairs: readonly ScoredPair[], extra: readonly Column[]): Cells {
  return [
    [
      "Column",
      "thorax Dice, %",
      "abdomen Dice, %",
      "TRE, mm",
      "95 %, mm",
      "NMI",
      "J <= 0, %",
      "SD log J",
    ],
    ...[...ORIGINAL_COLUMNS, ...extra].map(({ name, title }) => [
      title,
      fixed(meanDice(pairs, "thorax", name), 1),
      fixed(meanDice(pairs, "abdomen", name), 1),
      ...scores(pairs.flatMap(({ results }) => results[name] ?? [])),
    ]),
  ];
}

/** Means of TRE, its 95th percentile, NMI, folds and the spread of log J. */
function scores(results: readonly RegistrationScores[]): string[] {
  const mean = (value: (result: RegistrationScores) => number | null | undefined) =>
    meanOf(results.map(value));
  return [
    fixed(mean(({ treMean }) => treMean), 2),
    fixed(mean(({ tre95 }) => tre95), 2),
    fixed(mean(({ nmi }) => nmi), 4),
    fixed(mean(({ jacobian }) => jacobian?.foldedPercent), 3),
    fixed(mean(({ jacobian }) => jacobian?.sdLog), 3),
  ];
}
