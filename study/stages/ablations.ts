/**
 * The stage that registers the ablations.
 *
 * @module
 */

import { ablationColumns, ABLATIONS } from "../ablations.ts";
import { filesOfColumns } from "../registrations.ts";
import type { ScoredPair } from "../tables/table2.ts";
import { registerCases } from "../threads.ts";
import { registrationWork } from "../work_estimates.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the scores of the registrations. */
export const ablationsStage: Stage<"ablations", readonly ScoredPair[]> = {
  name: "ablations",
  title: "ablations",
  needs: [n4Stage, gridsearchStage],
  plan: (estimates) => registrationWork(estimates, ablationColumns(estimates.ablations).length),
  run: ({ resultOf, ablations, onProgress }) =>
    registerCases(resultOf(n4Stage), {
      columns: ablationColumns(ablations),
      settings: { originals: resultOf(gridsearchStage) },
      onProgress,
    }),
  leaves: () => filesOfColumns(ablationColumns(ABLATIONS)),
};
