/**
 * The lungs that the real images of a study let expect in a synthesis, in the absence of a true image.
 *
 * @module
 */

import { type StructureName, STRUCTURES } from "../cohort/label_scheme.ts";
import { intensityScaleOf } from "../gan/synthesis/intensity_scale.ts";
import { type Modality, otherModality } from "../volume/modality.ts";
import type { LabelledImage } from "../workflows/body_region.ts";
import { airShare, fromShares, sharesOf } from "../workflows/air_threshold.ts";
import type { StudyCase, StudyCases } from "./cases.ts";
import { segmentLungs, voxelsIn } from "../workflows/lung_segmentation.ts";
import { lungThreshold } from "./scores/lungs.ts";
import { meanOf } from "./scores/mean.ts";
import { selectedValues } from "../volume/selected_values.ts";

/** The lungs that a source lets expect in its synthesis. */
export interface LungExpectation {
  /** The intensity below which the synthesis shows air, as a share of its range. */
  readonly threshold: number;
  /** The number of voxels that the threshold would find in a faithful synthesis. */
  readonly expected: number;
}

const LUNGS = labelsOf("right lung", "left lung");
const ORGANS = [labelsOf("liver"), labelsOf("spleen")];

/** The lungs of one real image. */
interface RealLungs {
  /** Voxels of the lungs by their labels, or by the threshold where there are no labels. */
  readonly voxels: number;
  /** The threshold as a share of the image's range. */
  readonly threshold: number;
  /** Voxels that the threshold finds. */
  readonly found: number;
}

/**
 * Finds the lungs of the real images. The threshold is midway between the lungs and an organ, which the labels give.
 * It finds more of the lungs in one modality than in the other. In a faithful synthesis the mean threshold of the
 * real images of its modality would find the same share of the labelled volume as in these images. Without
 * labels the threshold is that of air, and the volume that it finds in the source is expected.
 */
export class ExpectedLungs {
  readonly #real: ReadonlyMap<StudyCase, Readonly<Record<Modality, RealLungs>>>;

  private constructor(real: ReadonlyMap<StudyCase, Readonly<Record<Modality, RealLungs>>>) {
    this.#real = real;
  }

  /** Measures the real images of all cases that show lungs: thoraces and whole images. */
  static async measure(cases: StudyCases): Promise<ExpectedLungs> {
    const real = new Map<StudyCase, Record<Modality, RealLungs>>();
    for (const one of cases.all.filter(({ region }) => region !== "abdomen")) {
      const { fixed, moving } = await cases.read(one);
      real.set(one, { mr: realLungs(fixed, "mr"), ct: realLungs(moving, "ct") });
    }
    return new ExpectedLungs(real);
  }

  /** The lungs to expect in a synthesis of a case; undefined where the real images show no lungs. */
  in(one: StudyCase, of: Modality): LungExpectation | undefined {
    const source = this.#real.get(one)?.[otherModality(of)];
    const others = [...this.#real.values()].map((lungs) => lungs[of])
      .filter(({ voxels, found }) => voxels > 0 && found > 0);
    if (source === undefined || source.voxels === 0 || others.length === 0) return undefined;
    return {
      threshold: meanOf(others.map(({ threshold }) => threshold)),
      expected: source.voxels * meanOf(others.map(({ voxels, found }) => found / voxels)),
    };
  }
}

/**
 * The intensity below which an image shows lungs: midway between the lungs and the darker of liver and spleen by
 * the labels; that of air where there are no such labels.
 */
export function lungThresholdOf({ image, labels }: LabelledImage, modality: Modality): number {
  const of = (ids: readonly number[]) =>
    selectedValues(image.data, (_, i) => ids.includes(labels.data[i]));
  const byLabels = lungThreshold(of(LUNGS), ORGANS.map(of));
  if (!Number.isNaN(byLabels)) return byLabels;
  const scale = intensityScaleOf(modality, image.data);
  return fromShares(new Float32Array([airShare(modality, scale)]), scale)[0];
}

function realLungs(one: LabelledImage, modality: Modality): RealLungs {
  const { grid: { size }, data } = one.image;
  const scale = intensityScaleOf(modality, data);
  const threshold = (lungThresholdOf(one, modality) - scale.low) / (scale.high - scale.low);
  const found = voxelsIn(segmentLungs(size, sharesOf(data, scale), threshold));
  const labelled = one.labels.data.reduce((sum, id) => sum + (LUNGS.includes(id) ? 1 : 0), 0);
  return { voxels: labelled > 0 ? labelled : found, threshold, found };
}

function labelsOf(...names: StructureName[]): number[] {
  return STRUCTURES.filter(({ name }) => names.includes(name)).map(({ label }) => label);
}
