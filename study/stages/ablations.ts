/**
 * The stage that registers the ablations.
 *
 * @module
 */

import { ablationColumns, ABLATIONS, ablationVariants } from "../ablations.ts";
import { studyModels } from "../models.ts";
import { filesOfColumns } from "../registrations.ts";
import { beforeMoreJobs } from "../shard_jobs.ts";
import type { ScoredPair } from "../tables/table2.ts";
import { registerCases, trainStudyModels } from "../threads.ts";
import { registrationWork } from "../work_estimates.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the scores of the registrations. */
export const ablationsStage: Stage<"ablations", readonly ScoredPair[]> = {
  name: "ablations",
  title: "ablations",
  needs: [n4Stage, gridsearchStage],
  plan(estimates) {
    const work = registrationWork(estimates, ablationColumns(estimates.ablations));
    const { ablationTrainingSeconds, ablationTrainingJobs, ablationModelMegabytes } = estimates;
    return {
      ...work,
      seconds: work.seconds + ablationTrainingSeconds,
      megabytes: work.megabytes + ablationModelMegabytes,
      jobs: [ablationTrainingJobs, ...work.jobs ?? []],
    };
  },
  async run({ resultOf, ablations, onProgress }) {
    const study = resultOf(n4Stage);
    const variants = ablationVariants(ablations);
    const { profile, regions, seed } = study;
    const needed = studyModels(profile, regions, seed, variants);
    const models = needed.length === 0 ? undefined : await beforeMoreJobs(
      trainStudyModels(study, (_, __, note) => onProgress(0, 0, note), needed),
    );
    return await registerCases(study, {
      columns: ablationColumns(ablations),
      settings: { originals: resultOf(gridsearchStage) },
      models,
      onProgress,
    });
  },
  leaves: () => [...filesOfColumns(ablationColumns(ABLATIONS))],
};
