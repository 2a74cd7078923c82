/**
 * The stage that synthesises images, registers them by the last columns of Table 2 and scores them.
 *
 * @module
 */

import { SYNTHESISED_COLUMNS } from "../columns.ts";
import { filesOfColumns } from "../registrations.ts";
import { beforeMoreJobs, isSingleJobShard } from "../shard_jobs.ts";
import { measureSyntheses, type SynthesisRow } from "../synthesis_measures.ts";
import { filesOfSyntheses } from "../syntheses.ts";
import type { ScoredPair } from "../tables/table2.ts";
import { registerCases } from "../threads.ts";
import { registrationWork } from "../work_estimates.ts";
import { cycleGansStage } from "./cycle_gans.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";
import { synthesisSearchStage } from "./synthesis_search.ts";

/** The scores of some columns. */
export interface SynthesesResult {
  /** The scores of the registrations. */
  readonly pairs: readonly ScoredPair[];
  /** The scores of the syntheses. */
  readonly syntheses: readonly SynthesisRow[];
}

/** Gives the scores of the registrations and of the syntheses. */
export const synthesesStage: Stage<"syntheses", SynthesesResult> = {
  name: "syntheses",
  title: "synthesis and registration of the syntheses",
  needs: [n4Stage, cycleGansStage, synthesisSearchStage],
  plan(estimates) {
    const { costs, cases, searchedCases, synthesisSeconds, imageMegabytes, megavoxels } = estimates;
    const columns = SYNTHESISED_COLUMNS.length;
    const { items, unit, seconds, megabytes, jobs } = registrationWork(
      estimates,
      SYNTHESISED_COLUMNS,
    );
    const scores = items * megavoxels * costs.scoreMegavoxel;
    return {
      items,
      unit,
      seconds: seconds + (cases - searchedCases) * columns * synthesisSeconds + scores,
      megabytes: megabytes + items * imageMegabytes,
      jobs: [...jobs ?? [], [scores]],
    };
  },
  async run({ resultOf, given, onProgress }) {
    const study = resultOf(n4Stage);
    const models = resultOf(cycleGansStage);
    const registered = registerCases(study, {
      columns: SYNTHESISED_COLUMNS,
      // The search on the original images finds no setting of the similarity that syntheses take.
      settings: { originals: given, syntheses: resultOf(synthesisSearchStage) },
      models,
      onProgress,
    });
    const scoresFollow = isSingleJobShard(study.shard);
    const pairs = await (scoresFollow ? beforeMoreJobs(registered) : registered);
    const registrations = pairs.length * SYNTHESISED_COLUMNS.length;
    const syntheses = await measureSyntheses(study, {
      columns: SYNTHESISED_COLUMNS,
      models,
      file: "synthesis-scores.json",
      name: "the scores of the syntheses",
      onProgress: (note) => onProgress(registrations, registrations, note),
    });
    return { pairs, syntheses };
  },
  leaves: () => [
    ...filesOfColumns(SYNTHESISED_COLUMNS),
    ...filesOfSyntheses(SYNTHESISED_COLUMNS),
    "synthesis-scores.json",
  ],
};
