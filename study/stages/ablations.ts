/**
 * The stage that registers the ablations, and scores their syntheses.
 *
 * @module
 */

import { ablationColumns, ABLATIONS } from "../ablations.ts";
import { isSynthesised } from "../columns.ts";
import { filesOfColumns } from "../registrations.ts";
import { filesOfSyntheses } from "../syntheses.ts";
import { registrationWork } from "../work_estimates.ts";
import { ablationCycleGansStage } from "./ablation_cycle_gans.ts";
import { gridsearchStage } from "./gridsearch.ts";
import { n4Stage } from "./n4.ts";
import type { Stage } from "./stage.ts";
import { registerAndMeasure, type SynthesesResult } from "./syntheses.ts";

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
    return await registerAndMeasure(study, {
      columns: ablationColumns(ablations),
      settings: { originals: resultOf(gridsearchStage) },
      models,
      file: SCORES_FILE,
      name: "the scores of the ablations' syntheses",
      onProgress,
    });
  },
  leaves: () => [
    ...filesOfColumns(ablationColumns(ABLATIONS)),
    ...filesOfSyntheses(ablationColumns(ABLATIONS).filter(isSynthesised)),
    SCORES_FILE,
  ],
};
