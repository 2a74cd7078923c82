/**
 * The stage that registers the ablations, and scores their syntheses.
 *
 * @module
 */

import { ablationColumns, ABLATIONS } from "../ablations.ts";
import { isSynthesised } from "../columns.ts";
import { filesOfColumns } from "../registrations.ts";
import { beforeMoreJobs, isSingleJobShard } from "../shard_jobs.ts";
import { measureSyntheses } from "../synthesis_measures.ts";
import { filesOfSyntheses } from "../syntheses.ts";
import { registerCases } from "../threads.ts";
import { registrationWork } from "../work_estimates.ts";
import { ablationCycleGansStage } from "./ablation_cycle_gans.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";
import type { SynthesesResult } from "./syntheses.ts";

/** The file of the scores of the syntheses. */
const SCORES_FILE = "ablation-synthesis-scores.json";

/** Gives the scores of the registrations and of the syntheses. */
export const ablationsStage: Stage<"ablations", SynthesesResult> = {
  name: "ablations",
  title: "ablations",
  needs: [n4Stage, gridsearchStage, ablationCycleGansStage],
  plan(estimates) {
    const columns = ablationColumns(estimates.ablations);
    const synthesised = columns.filter(isSynthesised);
    const work = registrationWork(estimates, columns);
    const { cases, costs, megavoxels, synthesesSeconds, imageMegabytes } = estimates;
    const syntheses = cases * synthesised.length;
    const scores = syntheses * megavoxels * costs.scoreMegavoxel;
    return {
      ...work,
      seconds: work.seconds + synthesesSeconds(synthesised) + scores,
      megabytes: work.megabytes + syntheses * imageMegabytes,
      jobs: [...work.jobs ?? [], [scores]],
    };
  },
  async run({ resultOf, ablations, onProgress }) {
    const study = resultOf(n4Stage);
    const models = resultOf(ablationCycleGansStage);
    const columns = ablationColumns(ablations);
    const synthesised = columns.filter(isSynthesised);
    const registered = registerCases(study, {
      columns,
      settings: { originals: resultOf(gridsearchStage) },
      models,
      onProgress,
    });
    if (synthesised.length === 0) return { pairs: await registered, syntheses: [] };
    const pairs = await (isSingleJobShard(study.shard) ? beforeMoreJobs(registered) : registered);
    const registrations = pairs.length * columns.length;
    const syntheses = await measureSyntheses(study, {
      columns: synthesised,
      models,
      file: SCORES_FILE,
      name: "the scores of the ablations' syntheses",
      onProgress: (note) => onProgress(registrations, registrations, note),
    });
    return { pairs, syntheses };
  },
  leaves: () => [
    ...filesOfColumns(ablationColumns(ABLATIONS)),
    ...filesOfSyntheses(ablationColumns(ABLATIONS).filter(isSynthesised)),
    SCORES_FILE,
  ],
};
