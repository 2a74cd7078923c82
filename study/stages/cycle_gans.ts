/**
 * The stage that trains the cycle-GANs.
 *
 * @module
 */

import type { TrainedModel } from "../models.ts";
import { trainStudyModels } from "../threads.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";

/** Gives the trained models. */
export const cycleGansStage: Stage<"cycle-gans", readonly TrainedModel[]> = {
  name: "cycle-gans",
  title: "cycle-GANs",
  needs: [n4Stage],
  plan: ({ trainingSteps, trainingSeconds, trainingJobs, modelMegabytes }) => ({
    items: trainingSteps,
    unit: "steps",
    seconds: trainingSeconds,
    megabytes: modelMegabytes,
    jobs: [trainingJobs],
  }),
  run: ({ resultOf, onProgress }) => trainStudyModels(resultOf(n4Stage), onProgress),
  leaves: () => ["models"],
};
