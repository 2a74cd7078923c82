/**
 * A start for trainings with registered pairs: the generators first learn from pairs of different subjects.
 *
 * @module
 */

import { MODALITIES, type Modality } from "../../volume/modality.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";
import { Adam } from "./adam.ts";
import type { CycleGan, PairTensors } from "./cycle_gan.ts";
import { lossGradients } from "./loss_gradients.ts";
import type { PairPatch } from "./pair_sampler.ts";

/** Adam's learning rate; this regression tolerates a larger rate than the adversarial training. */
const LEARNING_RATE = 2e-3;
/** Number of patches by which the start is checked. */
const CHECKED_PATCHES = 8;
/** The start is finished if the syntheses have these correlations with the registered images in soft tissue. */
const MIN_CORRELATION = 0.3;
/** Number of times that the steps are taken at most. */
const MAX_ROUNDS = 4;
/**
 * Weight of soft tissue in the regression. Without it air, lungs and outlines dominate the loss, and the order of the
 * soft tissues is learned late (docs/validation.md).
 */
const SOFT_TISSUE_WEIGHT = 5;

/** Options of {@link startFromPairs}. */
export interface PairStartOptions {
  /** Returns the next pair. */
  readonly draw: () => PairPatch;
  /** Minimum and maximum of soft tissue in a CT, in [-1, 1]. */
  readonly softTissue: readonly [number, number];
  /** Is awaited after every step. */
  readonly betweenSteps: () => Promise<void>;
}

/** The result of {@link startFromPairs}. */
export interface PairStart {
  /** Number of steps that were taken: a multiple of the setting `pairSteps`. */
  readonly steps: number;
  /** Correlation of synthesised and registered images in soft tissue, by their modality. */
  readonly correlation: Readonly<Record<Modality, number>>;
  /** True if a correlation is too low: the order of the soft tissues has not been learned. */
  readonly hasFailed: boolean;
}

/**
 * Trains both generators to synthesise the registered image of another subject, by the weighted mean of
 * |G_MR(CT) - MR| and of |G_CT(MR) - CT|, in which soft tissue has more weight. Then it checks the order of the soft
 * tissues in the syntheses, by their correlation with the registered images, and goes on for as many steps while it is
 * wrong, at most three times.
 */
export async function startFromPairs(
  tensorflow: Tensorflow,
  gan: CycleGan,
  { draw, softTissue, betweenSteps }: PairStartOptions,
): Promise<PairStart> {
  const { generatorWeights, settings: { pairSteps } } = gan;
  const adam = new Adam(tensorflow, generatorWeights);
  try {
    let steps = 0;
    let correlation = { mr: NaN, ct: NaN };
    const isLearned = () => MODALITIES.every((of) => correlation[of] >= MIN_CORRELATION);
    for (let round = 0; round < MAX_ROUNDS && !isLearned(); round++) {
      for (let step = 0; step < pairSteps; step++, steps++) {
        takeStep(gan, adam, emphasised(draw(), softTissue));
        await betweenSteps();
      }
      correlation = await softTissueCorrelations(gan, draw, softTissue);
    }
    return { steps, correlation, hasFailed: !isLearned() };
  } finally {
    adam.dispose();
  }
}

/** Makes the tensors of a patch; the caller disposes them. */
export function pairTensors(gan: CycleGan, { ct, mr, weight }: PairPatch): PairTensors {
  const { crop, channels } = gan.settings;
  const tensor = (values: Float32Array) => tf.tensor4d(values, [1, crop, crop, channels]);
  return { ct: tensor(ct), mr: tensor(mr), weight: tensor(weight) };
}

/** A patch with more weight on the soft tissue of the CT. */
function emphasised(patch: PairPatch, [low, high]: readonly [number, number]): PairPatch {
  const weight = patch.weight.map((value, i) =>
    patch.ct[i] >= low && patch.ct[i] <= high ? SOFT_TISSUE_WEIGHT * value : value
  );
  return { ...patch, weight };
}

function takeStep(gan: CycleGan, adam: Adam, patch: PairPatch): void {
  const pair = pairTensors(gan, patch);
  lossGradients(gan.generatorWeights, () => ({ loss: gan.pairLoss(pair), parts: {} }));
  adam.apply(LEARNING_RATE);
  tf.dispose([pair.ct, pair.mr, pair.weight]);
}

/** The correlations of synthesised and registered images over the soft tissue of some patches. */
async function softTissueCorrelations(
  gan: CycleGan,
  draw: () => PairPatch,
  [low, high]: readonly [number, number],
): Promise<Record<Modality, number>> {
  const found: Record<Modality, number[]> = { mr: [], ct: [] };
  const wanted: Record<Modality, number[]> = { mr: [], ct: [] };
  for (let i = 0; i < CHECKED_PATCHES; i++) {
    const patch = draw();
    const pair = pairTensors(gan, patch);
    const images = {
      mr: gan.generators.mr.apply(pair.ct),
      ct: gan.generators.ct.apply(pair.mr),
    };
    for (const of of MODALITIES) {
      const values = await images[of].data();
      patch.ct.forEach((value, at) => {
        if (value < low || value > high) return;
        found[of].push(values[at]);
        wanted[of].push(patch[of][at]);
      });
    }
    tf.dispose([images.mr, images.ct, pair.ct, pair.mr, pair.weight]);
  }
  return {
    mr: correlationOf(found.mr, wanted.mr),
    ct: correlationOf(found.ct, wanted.ct),
  };
}

/** Pearson's correlation; NaN if either list is constant. */
function correlationOf(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) =>
    values.reduce((sum, value) => sum + value, 0) / values.length;
  const meanA = mean(a);
  const meanB = mean(b);
  let product = 0;
  let squareA = 0;
  let squareB = 0;
  for (let i = 0; i < a.length; i++) {
    product += (a[i] - meanA) * (b[i] - meanB);
    squareA += (a[i] - meanA) ** 2;
    squareB += (b[i] - meanB) ** 2;
  }
  return product / Math.sqrt(squareA * squareB);
}
