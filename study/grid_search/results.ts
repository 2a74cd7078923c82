/**
 * Collects a grid search: tables, heat maps and the best settings from the units' scores. Only complete
 * tables are written, and nothing that differs from run to run, so that any process may write them.
 *
 * @module
 */

import type { Region } from "../../cohort/label_scheme.ts";
import { SIMILARITIES, type SimilarityName } from "../../registration/similarity/similarities.ts";
import { writeWholeFile } from "../../host/write_file.ts";
import { type BestSetting, settingsText, writeBestSettings } from "./best_settings.ts";
import type { UnitScore } from "./grid_search.ts";
import { jointSettings } from "./joint_optimum.ts";
import { type GridSearchPlan, REGIONS } from "./plan.ts";
import {
  bestRow,
  sameSpacings,
  type ScoredUnit,
  searchCaption,
  searchCells,
  type SearchTable,
  searchTable,
  type SettingRow,
} from "./table.ts";
import { heatMap } from "../../pictures/heat_map.ts";
import type { Picture } from "../../pictures/picture.ts";
import { finished, writeText } from "../run_folder.ts";
import { alignedTable, csvTable } from "../tables/text_table.ts";

/** A similarity and region with unfinished units. */
export interface MissingUnits {
  /** The similarity. */
  readonly similarity: SimilarityName;
  /** The region. */
  readonly region: Region;
  /** Units without a score. */
  readonly missing: number;
  /** Units in all. */
  readonly total: number;
}

/** The result of {@link collectGridSearch}. */
export interface CollectedSearch {
  /** The complete tables. */
  readonly tables: readonly SearchTable[];
  /** The incomplete ones. */
  readonly missing: readonly MissingUnits[];
}

/** Reads the finished scores. */
export async function collectGridSearch(plan: GridSearchPlan): Promise<CollectedSearch> {
  const tables: SearchTable[] = [];
  const missing: MissingUnits[] = [];
  for (const similarity of plan.similarities) {
    for (const region of plan.regions) {
      const units = plan.units.filter((unit) =>
        unit.similarity === similarity && unit.pair.region === region
      );
      const scored: ScoredUnit[] = [];
      for (const unit of units) {
        const kept = await finished<UnitScore>(unit.path, unit.key);
        if (kept !== undefined) scored.push({ unit, score: kept.value });
      }
      const total = units.length;
      const left = total - scored.length;
      if (left > 0) missing.push({ similarity, region, missing: left, total });
      else tables.push(searchTable(plan, scored));
    }
  }
  return { tables, missing };
}

/**
 * Writes the complete tables into the search's folder as text, CSV and JSON, with a heat map for each
 * number of levels, and the best settings of all tables there to `best`.
 */
export async function writeGridSearch(
  folder: string,
  best: string,
  tables: readonly SearchTable[],
): Promise<void> {
  for (const table of tables) {
    const name = `${folder}/${table.similarity}_${table.region}`;
    const cells = searchCells(table);
    const text = [searchCaption(table), "", alignedTable(cells), "", ...sameSpacings(table)];
    await writeText(`${name}.txt`, `${text.join("\n").trimEnd()}\n`);
    await writeText(`${name}.csv`, csvTable(cells));
    for (const [levels, picture] of searchHeatMaps(table)) {
      await writeWholeFile(`${name}_levels${levels}.png`, picture.toPng());
    }
    await writeText(`${name}.json`, JSON.stringify(table, null, 2) + "\n");
  }
  await updateBestSettings(folder, best);
}

/**
 * A heat map of mean Dice for each number of levels, all with the same colours. Where windows were searched, the maps
 * show the window of the best row.
 */
export function searchHeatMaps(table: SearchTable): Map<number, Picture> {
  const { best, similarity, region } = table;
  const window = best?.window;
  const rows = best === null ? table.rows : table.rows.filter((row) => row.window === window);
  const inWindow = window === undefined ? "" : `, window ${window} mm`;
  const distinct = (values: readonly number[]) => [...new Set(values)];
  const dice = rows.map((row) => row.dice).filter((value) => value !== null);
  const range = [100 * Math.min(...dice), 100 * Math.max(...dice)] as const;
  return new Map(
    distinct(rows.map((row) => row.levels)).map((levels) => {
      const chosen = rows.filter((row) => row.levels === levels);
      const lambda = distinct(chosen.map((row) => row.lambda));
      const spacing = distinct(chosen.map((row) => row.spacing));
      const at = (row: SettingRow) => [lambda.indexOf(row.lambda), spacing.indexOf(row.spacing)];
      const values = lambda.map(() => spacing.map((): number | null => null));
      for (const row of chosen) {
        const [r, c] = at(row);
        values[r][c] = row.dice === null ? null : 100 * row.dice;
      }
      const bestHere = bestRow(chosen);
      return [
        levels,
        heatMap({
          title:
            `${similarity}, ${region}, ${levels} ${
              levels === 1 ? "level" : "levels"
            }${inWindow}: ` +
            "mean Dice, %",
          rows: { title: "lambda", labels: lambda.map(String) },
          columns: { title: "spacing, pixels of 1.25 mm", labels: spacing.map(String) },
          values,
          range: dice.length === 0 ? [0, 100] : range,
          format: (value) => value.toFixed(1),
          marked: bestHere === null ? undefined : at(bestHere) as [number, number],
          captions: bestHere === null ? [] : [
            bestHere === best
              ? "Framed: the best of all levels"
              : `Framed: the best here. The best of all has ${best!.levels} levels`,
          ],
        }),
      ];
    }),
  );
}

/**
 * Writes the best rows of all tables in the folder, including those of other searches, and the joint optima of both
 * regions to one file. Repeats this until no other process has written a table in the meantime.
 */
async function updateBestSettings(folder: string, path: string): Promise<void> {
  let written = "";
  for (;;) {
    const tables = await tablesIn(folder);
    const settings = tables.flatMap((table) => bestSettingOf(table) ?? []);
    const joint = jointSettings(tables);
    const text = settingsText(settings, joint);
    if (text === written) return;
    await writeBestSettings({ path, settings, joint });
    written = text;
  }
}

/** The tables of all searches in a folder. */
async function tablesIn(folder: string): Promise<SearchTable[]> {
  const tables: SearchTable[] = [];
  for (const similarity of Object.keys(SIMILARITIES)) {
    for (const region of REGIONS) {
      const text = await Deno.readTextFile(`${folder}/${similarity}_${region}.json`)
        .catch((error) => {
          if (error instanceof Deno.errors.NotFound) return "null";
          throw error;
        });
      const table: SearchTable | null = JSON.parse(text);
      if (table !== null) tables.push(table);
    }
  }
  return tables;
}

/** A table's best row as a setting; undefined when it has none. */
export function bestSettingOf(table: SearchTable): BestSetting | undefined {
  const { similarity, region, regulariser, voxel, iterations, best } = table;
  if (best === null || best.dice === null) return undefined;
  const { lambda, spacingMillimetres: spacing, levels, window, dice } = best;
  return {
    similarity,
    region,
    regulariser,
    lambda,
    spacing,
    levels,
    window,
    voxel,
    iterations,
    dice,
  };
}
