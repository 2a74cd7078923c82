/**
 * The joint optimum of a grid search: the one setting with the highest mean Dice over both regions. The best settings
 * of the regions are different ones as a rule.
 *
 * @module
 */

import type { SimilarityName } from "../../registration/similarity/similarities.ts";
import { bestRow, type SearchTable, type SettingRow } from "./table.ts";

/** The best setting of a similarity for both regions. */
export interface JointSetting {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The weight lambda of the regulariser. */
  readonly lambda: number;
  /** Control-point spacing, mm. */
  readonly spacing: number;
  /** Resolution levels. */
  readonly levels: number;
  /** Window of local correlation, mm; absent where it was not searched. */
  readonly window?: number | undefined;
  /** The mean Dice over the structures of both regions. */
  readonly dice: number;
  /** The number of subjects of the search. */
  readonly subjects: number;
}

/**
 * The joint optimum of the tables of one similarity in both regions: every structure of every subject counts once, as in
 * the row "both" of Table 2.
 *
 * @returns Undefined where the tables have no common setting with a Dice, or are of different subjects.
 */
export function jointSetting(
  thorax: SearchTable,
  abdomen: SearchTable,
): JointSetting | undefined {
  if (thorax.subjects.join() !== abdomen.subjects.join()) return undefined;
  const others = new Map(abdomen.rows.map((row) => [nameOf(row), row]));
  const both = thorax.rows.flatMap((row) => {
    const other = others.get(nameOf(row));
    return other === undefined ? [] : [pooled(row, other)];
  });
  const best = bestRow(both);
  if (best === null || best.dice === null) return undefined;
  const { lambda, spacingMillimetres: spacing, levels, window, dice } = best;
  const { similarity, subjects } = thorax;
  return { similarity, lambda, spacing, levels, window, dice, subjects: subjects.length };
}

/** The joint optima of the similarities that have tables of both regions. */
export function jointSettings(tables: readonly SearchTable[]): JointSetting[] {
  const of = (region: string) => tables.filter((table) => table.region === region);
  return of("thorax").flatMap((thorax) => {
    const abdomen = of("abdomen").find(({ similarity }) => similarity === thorax.similarity);
    return (abdomen && jointSetting(thorax, abdomen)) ?? [];
  });
}

function nameOf({ lambda, spacing, levels, window }: SettingRow): string {
  return JSON.stringify([lambda, spacing, levels, window]);
}

/** A setting's row over both regions; its Dice is null if a region has none. */
function pooled(a: SettingRow, b: SettingRow): SettingRow {
  const scored = a.scored + b.scored;
  // Tables of older versions have no numbers.
  const isKnown = a.dice !== null && b.dice !== null && Number.isFinite(scored);
  return {
    ...a,
    dice: isKnown ? (a.scored * a.dice + b.scored * b.dice) / scored : null,
    scored,
    treMean: null,
    foldedPercent: (a.foldedPercent + b.foldedPercent) / 2,
  };
}
