/**
 * The scores of a synthesis of a study's case: against the true image of the same body, where it is known, and against
 * its source.
 *
 * @module
 */

import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { planeAxes } from "../gan/synthesis/image_planes.ts";
import { type IntensityScale, intensityScaleOf } from "../gan/synthesis/intensity_scale.ts";
import type { Modality } from "../volume/modality.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { resampleTo } from "../workflows/body_region.ts";
import type { StudyCase, StudyCases } from "./cases.ts";
import { ExpectedLungs, lungThresholdOf } from "./expected_lungs.ts";
import { STUDY_PLANE } from "./models.ts";
import {
  type SynthesisScores,
  synthesisScores,
  type TrueImage,
} from "./scores/synthesis_scores.ts";
import { type TissueMasks, tissueMasks } from "./scores/tissue_masks.ts";

/** A synthesis of a case. */
export interface CaseSynthesis {
  /** The case. */
  readonly one: StudyCase;
  /** The modality of the synthesis. */
  readonly of: Modality;
  /** The folder of the model that made it. */
  readonly model: string;
  /** The synthesis, on the grid of its source. */
  readonly synthesis: Pick<Volume, "data">;
}

/** Scores syntheses of a study's cases. */
export class SynthesisScorer {
  readonly #cases: StudyCases;
  readonly #expected: ExpectedLungs;
  readonly #truths: Truths;

  private constructor(cases: StudyCases, expected: ExpectedLungs) {
    this.#cases = cases;
    this.#expected = expected;
    this.#truths = new Truths(cases);
  }

  /** Measures the lungs of the real images, with which the syntheses are compared. */
  static async open(cases: StudyCases): Promise<SynthesisScorer> {
    return new SynthesisScorer(cases, await ExpectedLungs.measure(cases));
  }

  /** Scores a synthesis. */
  async score({ one, of, model, synthesis }: CaseSynthesis): Promise<SynthesisScores> {
    const { fixed, moving } = await this.#cases.read(one);
    const source = of === "mr" ? moving : fixed;
    const { grid, data } = source.image;
    const { scale } = (await readCheckpointHeader(model))!.data;
    return synthesisScores({
      grid,
      of,
      sliceAxis: planeAxes(grid, STUDY_PLANE).slice.axis,
      // As in the synthesis: a CT has the training's range, and each MR has its own. The scores of all columns use the
      // linear scale.
      source: { data, scale: of === "mr" ? rangeOf(scale.ct) : intensityScaleOf("mr", data) },
      synthesis: { data: synthesis.data, scale: rangeOf(scale[of]) },
      ...await this.#truths.of(one, of),
      lungs: this.#expected.in(one, of),
    });
  }
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
