/**
 * The scores of the cycle-GANs' syntheses. They also measure the paper's explanation of its thorax results
 * (section 4.3): how the cycle-GANs change the lungs.
 *
 * @module
 */

import { MODALITIES } from "../volume/modality.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import { type StudyCase, StudyCases } from "./cases.ts";
import type { SynthesisedColumn } from "./columns.ts";
import type { StudyContext } from "./context.ts";
import type { TrainedModel } from "./models.ts";
import { contentHash, finished, keyOf, once } from "./run_folder.ts";
import type { SynthesisScores } from "./scores/synthesis_scores.ts";
import { doSingleJob } from "./shard_jobs.ts";
import { SynthesisScorer } from "./synthesis_scorer.ts";
import { type KeptSynthesis, StudySyntheses } from "./syntheses.ts";

/** The scores of one synthesis. */
export interface SynthesisRow {
  /** The subject. */
  readonly subject: string;
  /** The region. */
  readonly region: ImageRegion;
  /** The column of Table 2, or the ablation. */
  readonly method: string;
  /** The scores; NaN where one is not known. */
  readonly scores: SynthesisScores;
  /** Seconds that the synthesis took; NaN where they are not known. */
  readonly seconds: number;
}

/** A synthesis of a case by a column, which need not exist yet. */
interface WantedSynthesis {
  readonly one: StudyCase;
  readonly column: SynthesisedColumn;
  readonly place: KeptSynthesis;
}

/** Rises when a score is added or changes, so that a run folder's older scores are measured again. */
const SCORES_FORMAT = 2;

/** Options of {@link measureSyntheses}. */
export interface MeasureSynthesesOptions {
  /** The columns whose syntheses are measured. */
  readonly columns: readonly SynthesisedColumn[];
  /** The trained models. */
  readonly models: readonly TrainedModel[];
  /** The name of the file of the scores in the run folder. */
  readonly file: string;
  /** The step in words, for shards that wait for it. */
  readonly name: string;
  /** Is called before each synthesis with a note on it. */
  readonly onProgress: (note: string) => void;
}

/** Measures the syntheses of some columns. */
export async function measureSyntheses(
  study: StudyContext,
  { columns, models, file, name, onProgress }: MeasureSynthesesOptions,
): Promise<readonly SynthesisRow[]> {
  const cases = new StudyCases(study);
  using syntheses = new StudySyntheses(cases, models);
  const wanted: WantedSynthesis[] = [];
  for (const one of cases.all) {
    for (const column of columns) {
      wanted.push({ one, column, place: await syntheses.placeOf(one, column) });
    }
  }
  const key = await keyOf({
    scores: SCORES_FORMAT,
    truths: await Promise.all(cases.all.map(truthKey)),
    syntheses: wanted.map(({ place }) => place.key),
  });
  const path = `${study.out}/${file}`;
  const seconds = () => Promise.all(wanted.map(({ place }) => syntheses.secondsOf(place)));
  const measure = async () => {
    const scorer = await SynthesisScorer.open(cases);
    const scores: SynthesisScores[] = [];
    for (const [i, { one, column, place }] of wanted.entries()) {
      study.signal?.throwIfAborted();
      onProgress(`scores of synthesis ${i + 1} of ${wanted.length}`);
      const { of } = column.synthesis;
      const model = `${study.out}/${place.model.folder}`;
      scores.push(await scorer.score({ one, of, model, synthesis: await readVolume(place.path) }));
    }
    return scores;
  };
  await doSingleJob(study.shard, name, {
    isFinished: async () =>
      await finished(path, key) !== undefined && !(await seconds()).includes(undefined),
    run: async () => {
      // Those whose files were removed.
      for (const { one, column } of wanted) {
        study.signal?.throwIfAborted();
        await syntheses.make(one, column);
      }
      await once(path, key, measure);
    },
  });
  const { value } = await once(path, key, measure);
  const times = await seconds();
  return wanted.map(({ one, column }, i): SynthesisRow => ({
    subject: one.subject.id,
    region: one.region,
    method: column.name,
    scores: withNaN(value[i]),
    seconds: times[i] ?? NaN,
  }));
}

/** A key of the contents of a case's true images. */
async function truthKey({ subject: { trueImages } }: StudyCase): Promise<(string | null)[]> {
  const paths = MODALITIES.map((of) => trueImages?.[of]);
  return await Promise.all(paths.map((path) => path === undefined ? null : contentHash(path)));
}

/** Scores from a JSON file, which keeps NaN as null. */
export function withNaN<T extends object>(scores: T): T {
  const revived = Object.entries(scores).map(([name, value]) => [
    name,
    value === null ? NaN : typeof value === "object" ? withNaN(value) : value,
  ]);
  return Object.fromEntries(revived) as T;
}
