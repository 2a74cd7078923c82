/**
 * The table of a grid search: a row for each setting of one similarity in one region, and the best.
 *
 * @module
 */

import type { Region } from "../../cohort/label_scheme.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import type { SimilarityName } from "../../registration/similarity/similarities.ts";
import type { UnitScore } from "./grid_search.ts";
import { type GridSearchPlan, PAPER_PIXEL, type SearchUnit } from "./plan.ts";
import { meanOf } from "../scores/mean.ts";
import type { Cells } from "../tables/text_table.ts";

/** A setting and its mean scores over the subjects. */
export interface SettingRow {
  /** The weight. */
  readonly lambda: number;
  /** Control-point spacing, pixels of 1.25 mm. */
  readonly spacing: number;
  /** The control-point spacing, mm. */
  readonly spacingMillimetres: number;
  /** The spacing as used, rounded to whole working voxels, mm. */
  readonly usedMillimetres: number;
  /** Resolution levels. */
  readonly levels: number;
  /** Window of local correlation, mm; absent where it is not searched. */
  readonly window?: number | undefined;
  /** Mean Dice over structures and subjects, as in Table 2; null when there are none. */
  readonly dice: number | null;
  /** The number of Dice coefficients that this is the mean of. */
  readonly scored: number;
  /** Mean over subjects of the mean distance to the truth, mm; null where none is known. */
  readonly treMean: number | null;
  /** Mean over subjects of voxels with J <= 0, percent. */
  readonly foldedPercent: number;
}

/** The table of one similarity in one region. */
export interface SearchTable {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The region. */
  readonly region: Region;
  /** The regulariser. */
  readonly regulariser: Regulariser;
  /** Accepted steps allowed at each level. */
  readonly iterations: number;
  /** Isotropic voxel size, mm. */
  readonly voxel: number;
  /** Seed of the rigid search. */
  readonly seed: number;
  /** The subjects. */
  readonly subjects: readonly string[];
  /** The rows, ordered by window, levels, lambda and spacing. */
  readonly rows: readonly SettingRow[];
  /** The best row; null when no row has a Dice. */
  readonly best: SettingRow | null;
}

/** A unit with its score. */
export interface ScoredUnit {
  /** The unit. */
  readonly unit: SearchUnit;
  /** The score. */
  readonly score: UnitScore;
}

/** Makes the table of one similarity in one region from all of its units, in the plan's order. */
export function searchTable(
  plan: Pick<GridSearchPlan, "regulariser" | "iterations" | "voxel" | "seed" | "subjects">,
  units: readonly ScoredUnit[],
): SearchTable {
  const settings = new Map<string, ScoredUnit[]>();
  for (const scored of units) {
    const { lambda, spacing, levels, window } = scored.unit;
    const setting = `${levels} ${lambda} ${spacing} ${window}`;
    settings.set(setting, [...settings.get(setting) ?? [], scored]);
  }
  const rows = [...settings.values()].map(settingRow);
  const { regulariser, iterations, voxel, seed, subjects } = plan;
  const { similarity, pair: { region } } = units[0].unit;
  return {
    similarity,
    region,
    regulariser,
    iterations,
    voxel,
    seed,
    subjects,
    rows,
    best: bestRow(rows),
  };
}

/**
 * The row with the highest Dice. Among equal ones it is the row with fewer folds, then fewer levels, wider
 * spacing, larger lambda and wider window: the cheaper and smoother one.
 */
export function bestRow(rows: readonly SettingRow[]): SettingRow | null {
  const order = (a: SettingRow, b: SettingRow) =>
    b.dice! - a.dice! || a.foldedPercent - b.foldedPercent || a.levels - b.levels ||
    b.spacing - a.spacing || b.lambda - a.lambda || (b.window ?? 0) - (a.window ?? 0);
  return rows.filter((row) => row.dice !== null).sort(order)[0] ?? null;
}

/** The table as text cells; an asterisk stands at the best row. */
export function searchCells({ rows, best }: SearchTable): Cells {
  const hasWindow = rows.some(({ window }) => window !== undefined);
  return [
    [
      "levels",
      "lambda",
      "spacing, pixels",
      "mm",
      "used, mm",
      "mean Dice, %",
      "TRE, mm",
      "J <= 0, %",
      ...hasWindow ? ["window, mm"] : [],
      "best",
    ],
    ...rows.map((row) => [
      ...settingCells(row),
      ...hasWindow ? [`${row.window ?? "-"}`] : [],
      row === best ? "*" : "",
    ]),
  ];
}

/** The best rows of several tables as text cells. */
export function bestCells(tables: readonly SearchTable[]): Cells {
  return [
    [
      "best setting",
      "region",
      "levels",
      "lambda",
      "spacing, pixels",
      "mm",
      "used, mm",
      "mean Dice, %",
      "TRE, mm",
      "J <= 0, %",
    ],
    ...tables.map(({ similarity, region, best }) => [
      similarity,
      region,
      ...best === null ? Array<string>(8).fill("-") : settingCells(best),
    ]),
  ];
}

/** The parameters of a table in one line. */
export function searchCaption(table: SearchTable): string {
  const { similarity, region, regulariser, iterations, voxel, subjects } = table;
  return `${similarity}, ${region}: ${regulariser} regulariser, voxels of ${voxel} mm, at most ` +
    `${iterations} steps per level, mean over the structures of ${subjects.length} ` +
    `${subjects.length === 1 ? "subject" : "subjects"}`;
}

/** Sentences on the spacings that are the same in whole working voxels. */
export function sameSpacings({ rows, voxel }: SearchTable): string[] {
  const byUse = new Map<number, Set<number>>();
  for (const { spacing, usedMillimetres } of rows) {
    byUse.set(usedMillimetres, (byUse.get(usedMillimetres) ?? new Set()).add(spacing));
  }
  return [...byUse].filter(([, spacings]) => spacings.size > 1).map(([used, spacings]) =>
    `In voxels of ${voxel} mm, spacings of ${
      [...spacings].join(" and ")
    } pixels come to the same ` +
    `${used.toFixed(2)} mm: control points lie on whole voxels.`
  );
}

function settingCells(row: SettingRow): string[] {
  return [
    `${row.levels}`,
    `${row.lambda}`,
    `${row.spacing}`,
    `${row.spacingMillimetres}`,
    row.usedMillimetres.toFixed(2),
    row.dice === null ? "-" : (100 * row.dice).toFixed(2),
    row.treMean === null ? "-" : row.treMean.toFixed(3),
    row.foldedPercent.toFixed(4),
  ];
}

function settingRow(units: readonly ScoredUnit[]): SettingRow {
  const [{ unit: { lambda, spacing, levels, window }, score: { usedSpacing } }] = units;
  const scores = units.map(({ score }) => score);
  const dice = scores.flatMap((score) => Object.values(score.dice));
  return {
    lambda,
    spacing,
    spacingMillimetres: spacing * PAPER_PIXEL,
    usedMillimetres: usedSpacing,
    levels,
    window,
    dice: mean(dice),
    scored: dice.filter((value) => value !== null).length,
    treMean: mean(scores.map(({ treMean }) => treMean)),
    foldedPercent: mean(scores.map(({ foldedPercent }) => foldedPercent))!,
  };
}

/** Mean of the numbers among the values; null when there are none. */
function mean(values: readonly (number | null)[]): number | null {
  const all = meanOf(values);
  return Number.isNaN(all) ? null : all;
}
