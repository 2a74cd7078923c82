/**
 * With which settings each method registered, as a table.
 *
 * @module
 */

import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import { foundSetting, methodParameters, type StudySettings } from "../method_settings.ts";
import type { Method } from "../methods.ts";
import type { Profile } from "../../workflows/profiles.ts";
import type { StudyRegion } from "../regions.ts";
import { type Cells, fixed } from "./text_table.ts";

const REGULARISER_WORDS: Readonly<Record<Regulariser, string>> = {
  tv: "total variation",
  l2: "squared L2",
  bending: "bending energy",
};

/** A row for each method that registers deformably on a control grid, in each region. */
export function settingsCells(
  profile: Profile,
  methods: readonly Method[],
  regions: readonly StudyRegion[],
  settings: StudySettings,
): Cells {
  const rows = methods.filter(({ similarity, framework }) => similarity && !framework)
    .flatMap((method) =>
      regions.map((region) => {
        const parameters = methodParameters(profile, method, region, settings);
        // A regulariser of the method's own has another weight than the search's.
        const found = method.regulariser ? undefined : foundSetting(method, region, settings);
        return [
          `${method.title}, ${region}`,
          REGULARISER_WORDS[parameters.regulariser],
          `${parameters.lambda}`,
          `${parameters.spacing}`,
          `${parameters.levels ?? "-"}`,
          fixed(100 * (found?.dice ?? NaN), 1),
        ];
      })
    );
  return [
    ["", "regulariser", "lambda", "spacing, mm", "levels", "Dice in the search, %"],
    ...rows,
  ];
}
