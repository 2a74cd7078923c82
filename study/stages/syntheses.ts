/**
 * The stage that synthesises images, registers them by the last columns of Table 2 and scores them.
 *
 * @module
 */

import { isSynthesised, SYNTHESISED_COLUMNS } from "../columns.ts";
import type { StudyContext } from "../context.ts";
import type { TrainedModel } from "../models.ts";
import { filesOfColumns } from "../registrations.ts";
import { beforeMoreJobs, isSingleJobShard } from "../shard_jobs.ts";
import { measureSyntheses, type SynthesisRow } from "../synthesis_measures.ts";
import { filesOfSyntheses } from "../syntheses.ts";
import type { ScoredPair } from "../tables/table2.ts";
import { registerCases, type RegisterCasesOptions } from "../threads.ts";
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
    return await registerAndMeasure(study, {
      columns: SYNTHESISED_COLUMNS,
      // The search on the original images finds no setting of the similarity that syntheses take.
      settings: { originals: given, syntheses: resultOf(synthesisSearchStage) },
      models,
      file: "synthesis-scores.json",
      name: "the scores of the syntheses",
      onProgress,
    });
  },
  leaves: () => [
    ...filesOfColumns(SYNTHESISED_COLUMNS),
    ...filesOfSyntheses(SYNTHESISED_COLUMNS),
    "synthesis-scores.json",
  ],
};

/** Options of {@link registerAndMeasure}. */
interface RegisterAndMeasureOptions extends RegisterCasesOptions {
  /** The trained models; none if no column registers syntheses. */
  readonly models: readonly TrainedModel[];
  /** The name of the file of the scores of the syntheses. */
  readonly file: string;
  /** These scores in words, for shards that wait for them. */
  readonly name: string;
}

/** Registers all cases by some columns, then measures the syntheses of those columns that have one. */
export async function registerAndMeasure(
  study: StudyContext,
  { columns, settings, models, file, name, onProgress }: RegisterAndMeasureOptions,
): Promise<SynthesesResult> {
  const registered = registerCases(study, { columns, settings, models, onProgress });
  const synthesised = columns.filter(isSynthesised);
  if (synthesised.length === 0) return { pairs: await registered, syntheses: [] };
  const scoresFollow = isSingleJobShard(study.shard);
  const pairs = await (scoresFollow ? beforeMoreJobs(registered) : registered);
  const registrations = pairs.length * columns.length;
  const syntheses = await measureSyntheses(study, {
    columns: synthesised,
    models,
    file,
    name,
    onProgress: (note) => onProgress(registrations, registrations, note),
  });
  return { pairs, syntheses };
}
