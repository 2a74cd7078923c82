/**
 * The stage that trains the cycle-GANs of the ablations.
 *
 * @module
 */

import { ABLATIONS, ablationVariants } from "../ablations.ts";
import { filesOfModels, studyModels, type TrainedModel } from "../models.ts";
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
    const models = studyModels(profile, regions, seed, ablationVariants(ablations));
    return models.length === 0 ? [] : await trainStudyModels(study, onProgress, models);
  },
  // The models of Table 2 are results of another stage.
  leaves: () => filesOfModels(ablationVariants(ABLATIONS)),
};
