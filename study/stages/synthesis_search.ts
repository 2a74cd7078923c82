/**
 * The stage that searches the settings of the synthesised images' registrations, for each column.
 *
 * @module
 */

import { SYNTHESISED_COLUMNS } from "../columns.ts";
import type { BestSettings } from "../grid_search/best_settings.ts";
import { isSearched } from "../grid_search/search_scales.ts";
import { areLabelled } from "../regions.ts";
import { searchSynthesisSettings } from "../searches.ts";
import { cycleGansStage } from "./cycle_gans.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the best settings by the columns' names; undefined when nothing is searched. */
export const synthesisSearchStage: Stage<
  "synthesis-search",
  Readonly<Record<string, BestSettings>> | undefined
> = {
  name: "synthesis-search",
  title: "grid search on synthesised images",
  needs: [n4Stage, cycleGansStage],
  plan(estimates) {
    const { searchedSyntheses, searchedCases, registrationSeconds, synthesisSeconds } = estimates;
    return {
      items: searchedSyntheses,
      unit: "registrations",
      seconds: searchedSyntheses * registrationSeconds +
        searchedCases * SYNTHESISED_COLUMNS.length * synthesisSeconds,
      megabytes: 1,
      jobs: [estimates.synthesisSearchJobs],
    };
  },
  async run({ resultOf, given, onProgress }) {
    const study = resultOf(n4Stage);
    // A search scores by labels.
    if (!areLabelled(study.regions) || !isSearched(study.profile.synthesisSearch, given)) {
      return undefined;
    }
    return await searchSynthesisSettings(study, {
      models: resultOf(cycleGansStage),
      onProgress,
    });
  },
  leaves: () => ["synthesis-settings"],
};
