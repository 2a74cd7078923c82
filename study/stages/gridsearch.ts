/**
 * The stage that searches the settings of the original images' registrations (section 4.2).
 *
 * @module
 */

import { type BestSettings, mergedSettings } from "../grid_search/best_settings.ts";
import { isSearched } from "../grid_search/search_scales.ts";
import { areLabelled } from "../regions.ts";
import { searchStudySettings } from "../searches.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";
import { equalJobs } from "../work_estimates.ts";

/** Gives the given settings and, for the similarities that they lack, the best ones of the search. */
export const gridsearchStage: Stage<"gridsearch", BestSettings | undefined> = {
  name: "gridsearch",
  title: "grid search",
  needs: [n4Stage],
  plan: ({ searchedOriginals, registrationSeconds }) => ({
    items: searchedOriginals,
    unit: "registrations",
    seconds: searchedOriginals * registrationSeconds,
    megabytes: 1,
    jobs: [equalJobs(searchedOriginals)],
  }),
  async run({ resultOf, given, onProgress }) {
    const study = resultOf(n4Stage);
    // A search scores by labels.
    if (!areLabelled(study.regions) || !isSearched(study.profile.search, given)) {
      return given;
    }
    return mergedSettings(given, await searchStudySettings(study, { given, onProgress }));
  },
  leaves: () => ["settings"],
};
