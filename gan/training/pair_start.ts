/**
 * A start for trainings with registered pairs: the generators first learn from pairs of different subjects.
 *
 * @module
 */

import { type Tensorflow, tf } from "../tensorflow.ts";
import { Adam } from "./adam.ts";
import type { CycleGan, PairTensors } from "./cycle_gan.ts";
import { lossGradients } from "./loss_gradients.ts";
import type { PairPatch } from "./pair_sampler.ts";

/** Adam's learning rate; this regression tolerates a larger rate than the adversarial training. */
const LEARNING_RATE = 2e-3;
/** Number of patches by which the start is checked. */
const CHECKED_PATCHES = 8;
/** The start is finished if the synthesised MR has at least this correlation with the registered MR in soft tissue. */
const MIN_CORRELATION = 0.3;
/** Number of times that the steps are taken at most. */
const MAX_ROUNDS = 4;

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
  /** Correlation of synthesised and registered MR in soft tissue. */
  readonly correlation: number;
  /** True if the correlation is too low: the order of the soft tissues has not been learned. */
  readonly hasFailed: boolean;
}

/**
 * Trains both generators to synthesise the registered image of another subject, by the weighted mean of
 * |G_MR(CT) - MR| and of |G_CT(MR) - CT|. Then it checks the order of the soft tissues in the synthesised MR, by its
 * correlation with the registered MR, and goes on for as many steps while it is wrong, at most three times.
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
    let correlation = NaN;
    for (let round = 0; round < MAX_ROUNDS && !(correlation >= MIN_CORRELATION); round++) {
      for (let step = 0; step < pairSteps; step++, steps++) {
        takeStep(gan, adam, draw());
        await betweenSteps();
      }
      correlation = await softTissueCorrelation(gan, draw, softTissue);
    }
    return { steps, correlation, hasFailed: !(correlation >= MIN_CORRELATION) };
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

function takeStep(gan: CycleGan, adam: Adam, patch: PairPatch): void {
  const pair = pairTensors(gan, patch);
  lossGradients(gan.generatorWeights, () => ({ loss: gan.pairLoss(pair), parts: {} }));
  adam.apply(LEARNING_RATE);
  tf.dispose([pair.ct, pair.mr, pair.weight]);
}

/** The correlation of synthesised and registered MR over the soft tissue of some patches. */
async function softTissueCorrelation(
  gan: CycleGan,
  draw: () => PairPatch,
  [low, high]: readonly [number, number],
): Promise<number> {
  const found: number[] = [];
  const wanted: number[] = [];
  for (let i = 0; i < CHECKED_PATCHES; i++) {
    const patch = draw();
    const pair = pairTensors(gan, patch);
    const image = gan.generators.mr.apply(pair.ct);
    const values = await image.data();
    tf.dispose([image, pair.ct, pair.mr, pair.weight]);
    patch.ct.forEach((value, at) => {
      if (value < low || value > high) return;
      found.push(values[at]);
      wanted.push(patch.mr[at]);
    });
  }
  return correlationOf(found, wanted);
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
