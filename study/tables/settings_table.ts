/**
 * The settings of the registrations as a table.
 *
 * @module
 */

import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { columnParameters, foundSetting, type StudySettings } from "../column_settings.ts";
import type { Column } from "../columns.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { ImageRegion } from "../../workflows/body_region.ts";
import { type Cells, fixed } from "./text_table.ts";

const REGULARISER_WORDS: Readonly<Record<Regulariser, string>> = {
  tv: "total variation",
  l2: "squared L2",
  bending: "bending energy",
};

/** A row for each column that registers on a control grid, in each region. */
export function settingsCells(
  profile: Profile,
  columns: readonly Column[],
  regions: readonly ImageRegion[],
  settings: StudySettings,
): Cells {
  const searchesWindow = profile.synthesisSearch.window !== undefined;
  const rows = columns.filter(({ similarity, method }) => similarity && !method)
    .flatMap((column) =>
      regions.map((region) => {
        const parameters = columnParameters(profile, column, region, settings);
        // A column's own regulariser has another weight than the search's.
        const found = column.regulariser ? undefined : foundSetting(column, region, settings);
        return [
          `${column.title}, ${region}`,
          REGULARISER_WORDS[parameters.regulariser],
          `${parameters.lambda}`,
          `${parameters.spacing}`,
          `${parameters.levels ?? "-"}`,
          ...searchesWindow ? [`${parameters.window ?? "-"}`] : [],
          fixed(100 * (found?.dice ?? NaN), 1),
        ];
      })
    );
  return [
    [
      "",
      "regulariser",
      "lambda",
      "spacing, mm",
      "levels",
      ...searchesWindow ? ["window, mm"] : [],
      "Dice in the search, %",
    ],
    ...rows,
  ];
}
