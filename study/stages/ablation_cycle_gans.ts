/**
 * The stage that trains the cycle-GANs of the ablations.
 *
 * @module
 */

import { ABLATIONS, ablationVariants } from "../ablations.ts";
import { filesOfModels, studyModels, type TrainedModel } from "../models.ts";
import { beforeMoreJobs } from "../shard_jobs.ts";
import { trainStudyModels } from "../threads.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the trained models; none if no ablation needs one. */
export const ablationCycleGansStage: Stage<"ablation-cycle-gans", readonly TrainedModel[]> = {
  name: "ablation-cycle-gans",
  title: "cycle-GANs of the ablations",
  needs: [n4Stage],
  plan: (estimates) => ({
    items: estimates.ablationTrainingSteps,
    unit: "steps",
    seconds: estimates.ablationTrainingSeconds,
    megabytes: estimates.ablationModelMegabytes,
    jobs: [estimates.ablationTrainingJobs],
  }),
  async run({ resultOf, ablations, onProgress }) {
    const study = resultOf(n4Stage);
    const { profile, regions, seed } = study;
    const ofTable2 = studyModels(profile, regions, seed).map(({ folder }) => folder);
    const models = studyModels(profile, regions, seed, ablationVariants(ablations));
    if (models.length === 0) return [];
    // Those of Table 2 are trained already, unless the stage runs without that of Table 2; the others take their pairs.
    const first = await beforeMoreJobs(trainStudyModels(
      study,
      (_, __, note) => onProgress(0, 0, note),
      models.filter(({ folder }) => ofTable2.includes(folder)),
    ));
    const others = models.filter(({ folder }) => !ofTable2.includes(folder));
    return [...first, ...await trainStudyModels(study, onProgress, others)];
  },
  // The models of Table 2 are results of another stage.
  leaves: () => filesOfModels(ablationVariants(ABLATIONS)),
};
