/**
 * The scores of the cycle-GANs' syntheses. They also measure the paper's explanation of its thorax results
 * (section 4.3): how the cycle-GANs change the lungs.
 *
 * @module
 */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { planeAxes } from "../gan/synthesis/image_planes.ts";
import { type IntensityScale, intensityScaleOf } from "../gan/synthesis/intensity_scale.ts";
import { MODALITIES, type Modality } from "../volume/modality.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { type ImageRegion, resampleTo } from "../workflows/body_region.ts";
import { type StudyCase, StudyCases } from "./cases.ts";
import { SYNTHESISED_COLUMNS, type SynthesisedColumn } from "./columns.ts";
import type { StudyContext } from "./context.ts";
import { ExpectedLungs, lungThresholdOf } from "./expected_lungs.ts";
import { STUDY_PLANE, type TrainedModel } from "./models.ts";
import { contentHash, finished, keyOf, once } from "./run_folder.ts";
import {
  type SynthesisScores,
  synthesisScores,
  type TrueImage,
} from "./scores/synthesis_scores.ts";
import { type TissueMasks, tissueMasks } from "./scores/tissue_masks.ts";
import { doSingleJob } from "./shard_jobs.ts";
import { type MadeSynthesis, StudySyntheses } from "./syntheses.ts";

/** The scores of one synthesis. */
export interface SynthesisRow {
  /** The subject. */
  readonly subject: string;
  /** The region. */
  readonly region: ImageRegion;
  /** The column of Table 2. */
  readonly method: string;
  /** The scores; NaN where one is not known. */
  readonly scores: SynthesisScores;
  /** Seconds that the synthesis took; NaN where they are not known. */
  readonly seconds: number;
}

/** A synthesis of a case. */
interface CaseSynthesis {
  readonly one: StudyCase;
  readonly column: SynthesisedColumn;
  readonly made: MadeSynthesis;
}

/** Rises when a score is added or changes, so that a run folder's older scores are measured again. */
const SCORES_FORMAT = 2;

/**
 * Measures every synthesis.
 *
 * @param onProgress - Is called before each synthesis with a note on it.
 */
export async function measureSyntheses(
  study: StudyContext,
  models: readonly TrainedModel[],
  onProgress: (note: string) => void = () => {},
): Promise<readonly SynthesisRow[]> {
  const cases = new StudyCases(study);
  const syntheses = await allSyntheses(cases, models);
  const key = await keyOf({
    scores: SCORES_FORMAT,
    truths: await Promise.all(cases.all.map(truthKey)),
    syntheses: syntheses.map(({ made }) => made.key),
  });
  const path = `${study.out}/synthesis-scores.json`;
  const measure = () =>
    once(path, key, async () => {
      const expected = await ExpectedLungs.measure(cases);
      const truths = new Truths(cases);
      const scores: SynthesisScores[] = [];
      for (const [i, synthesis] of syntheses.entries()) {
        study.signal?.throwIfAborted();
        onProgress(`scores of synthesis ${i + 1} of ${syntheses.length}`);
        scores.push(await scoresOf(cases, synthesis, { expected, truths }));
      }
      return scores;
    });
  await doSingleJob(study.shard, "the scores of the syntheses", {
    isFinished: async () => await finished(path, key) !== undefined,
    run: measure,
  });
  const { value } = await measure();
  return syntheses.map(({ one, column, made }, i): SynthesisRow => ({
    subject: one.subject.id,
    region: one.region,
    method: column.name,
    scores: withNaN(value[i]),
    seconds: made.seconds,
  }));
}

async function allSyntheses(
  cases: StudyCases,
  models: readonly TrainedModel[],
): Promise<CaseSynthesis[]> {
  using syntheses = new StudySyntheses(cases, models);
  const found: CaseSynthesis[] = [];
  for (const one of cases.all) {
    for (const column of SYNTHESISED_COLUMNS) {
      cases.context.signal?.throwIfAborted();
      found.push({ one, column, made: await syntheses.make(one, column) });
    }
  }
  return found;
}

async function scoresOf(
  cases: StudyCases,
  { one, column: { synthesis: { of } }, made }: CaseSynthesis,
  { expected, truths }: { readonly expected: ExpectedLungs; readonly truths: Truths },
): Promise<SynthesisScores> {
  const { fixed, moving } = await cases.read(one);
  const source = of === "mr" ? moving : fixed;
  const { grid, data } = source.image;
  const header = await readCheckpointHeader(`${cases.context.out}/${made.model.folder}`);
  const { scale } = header!.data;
  return synthesisScores({
    grid,
    of,
    sliceAxis: planeAxes(grid, STUDY_PLANE).slice.axis,
    // As in the synthesis: a CT has the training's range, and each MR has its own. The scores of all columns use the
    // linear scale.
    source: { data, scale: of === "mr" ? rangeOf(scale.ct) : intensityScaleOf("mr", data) },
    synthesis: { data: (await readVolume(made.path)).data, scale: rangeOf(scale[of]) },
    ...await truths.of(one, of),
    lungs: expected.in(one, of),
  });
}

/** The linear scale of the same range. */
function rangeOf({ low, high }: IntensityScale): IntensityScale {
  return { low, high };
}

/** A true image with the body that it shows; undefined where it is not known. */
interface Truth {
  readonly truth: TrueImage | undefined;
  readonly masks: TissueMasks | undefined;
}

/** The true images of the cases on the grids of the sources. */
class Truths {
  readonly #cases: StudyCases;
  /** The one that was read last: the next synthesis is often of the same case and modality. */
  #last: { readonly one: StudyCase; readonly of: Modality; readonly truth: Truth } | undefined;

  constructor(cases: StudyCases) {
    this.#cases = cases;
  }

  async of(one: StudyCase, of: Modality): Promise<Truth> {
    if (this.#last?.one !== one || this.#last.of !== of) {
      this.#last = { one, of, truth: await this.#read(one, of) };
    }
    return this.#last.truth;
  }

  async #read(one: StudyCase, of: Modality): Promise<Truth> {
    const path = one.subject.trueImages?.[of];
    if (path === undefined) return { truth: undefined, masks: undefined };
    const { fixed, moving } = await this.#cases.read(one);
    const { image: { grid, data }, labels } = of === "mr" ? moving : fixed;
    const image = await resampleTo(
      this.#cases.context.gpu,
      await readVolume(path, { trust: one.subject.trust }),
      grid,
    );
    return {
      truth: { data: image.data, lungThreshold: lungThresholdOf({ image, labels }, of) },
      masks: tissueMasks(grid.size, of === "mr" ? data : image.data),
    };
  }
}

/** A key of the contents of a case's true images. */
async function truthKey({ subject: { trueImages } }: StudyCase): Promise<(string | null)[]> {
  const paths = MODALITIES.map((of) => trueImages?.[of]);
  return await Promise.all(paths.map((path) => path === undefined ? null : contentHash(path)));
}

/** Scores from a JSON file, which keeps NaN as null. */
function withNaN<T extends object>(scores: T): T {
  const revived = Object.entries(scores).map(([name, value]) => [
    name,
    value === null ? NaN : typeof value === "object" ? withNaN(value) : value,
  ]);
  return Object.fromEntries(revived) as T;
}
