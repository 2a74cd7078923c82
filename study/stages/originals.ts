/**
 * The stage that registers the original images by the first columns of Table 2.
 *
 * @module
 */

import { ORIGINAL_COLUMNS } from "../columns.ts";
import { filesOfColumns } from "../registrations.ts";
import type { ScoredPair } from "../tables/table2.ts";
import { registerCases } from "../threads.ts";
import { registrationWork } from "../work_estimates.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the scores of the registrations. */
export const originalsStage: Stage<"originals", readonly ScoredPair[]> = {
  name: "originals",
  title: "registration of the original images",
  needs: [n4Stage, gridsearchStage],
  plan: (estimates) => registrationWork(estimates, ORIGINAL_COLUMNS),
  run: ({ resultOf, onProgress }) =>
    registerCases(resultOf(n4Stage), {
      columns: ORIGINAL_COLUMNS,
      settings: { originals: resultOf(gridsearchStage) },
      onProgress,
    }),
  leaves: () => ["rigid", ...filesOfColumns(ORIGINAL_COLUMNS)],
};
