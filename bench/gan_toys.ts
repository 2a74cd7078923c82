/**
 * Trains cycle-GANs on images with a known truth: an inversion, and discs whose size depends on the population.
 *
 * @module
 */

import {
  CycleGan,
  type CycleGanSettings,
  learningRate,
  PAPER_SETTINGS,
  RandomState,
  STRIDES,
  Tensorflow,
} from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import type { Modality } from "../volume/modality.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { disc, type DiscDomain, discRadius, inverted, section } from "../testing/toy_images.ts";

const SIZE = 32;
const HELD_OUT = 16;

/** Discs of both domains: large ones, and small ones that are brighter. */
const DISCS: Readonly<Record<Modality, DiscDomain>> = {
  ct: { mean: 0.3 * SIZE, ground: -0.9, bright: 0.3 },
  mr: { mean: 0.18 * SIZE, ground: -0.3, bright: 0.9 },
};
/** Radius of the MR's discs over that of the CT's. */
export const POPULATION_RATIO = DISCS.mr.mean / DISCS.ct.mean;

type Draw = (random: RandomState) => Float32Array;

/** Trains on unpaired draws of both domains. */
async function train(
  tensorflow: Tensorflow,
  field: number,
  draws: Readonly<Record<Modality, Draw>>,
  { steps, rate, seed }: { steps: number; rate: number; seed: number },
): Promise<CycleGan> {
  const settings: CycleGanSettings = {
    ...PAPER_SETTINGS,
    crop: SIZE,
    channels: 1,
    blocks: 2,
    generatorFilters: 8,
    discriminatorFilters: 8,
    strides: STRIDES[field],
    seed,
  };
  const gan = new CycleGan(tensorflow, settings);
  const random = { ct: RandomState.of(seed, "ct"), mr: RandomState.of(seed, "mr") };
  for (let step = 0; step < steps; step++) {
    const real = { ct: tensor(draws.ct(random.ct)), mr: tensor(draws.mr(random.mr)) };
    const losses = gan.step(real, learningRate(rate, step, steps));
    if (step % 20 === 0) await losses.data();
    tf.dispose([real.ct, real.mr, losses]);
  }
  return gan;
}

const tensor = (values: Float32Array) => tf.tensor4d(values.slice(), [1, SIZE, SIZE, 1]);

async function synthesised(gan: CycleGan, to: Modality, image: Float32Array) {
  const real = tensor(image);
  const fake = gan.generators[to].apply(real);
  const values = await fake.data() as Float32Array;
  tf.dispose([real, fake]);
  return values;
}

/** Mean absolute error on held-out sections, CT to MR, as a part of the range. */
export async function inversionError(gpu: Gpu, seed: number, steps: number): Promise<number> {
  using tensorflow = await Tensorflow.open(gpu);
  const draws = {
    ct: (random: RandomState) => section(random, SIZE),
    mr: (random: RandomState) => inverted(section(random, SIZE)),
  };
  const gan = await train(tensorflow, 22, draws, { steps, rate: 1e-3, seed });
  const random = RandomState.of(seed, "held out");
  let error = 0;
  for (let n = 0; n < HELD_OUT; n++) {
    const image = section(random, SIZE);
    const truth = inverted(image);
    const found = await synthesised(gan, "mr", image);
    error += found.reduce((sum, value, i) => sum + Math.abs(value - truth[i]), 0) /
      (2 * found.length * HELD_OUT);
  }
  gan.dispose();
  return error;
}

/** Radii of syntheses over those of the discs that they are made from, both ways. */
export async function radiusRatios(
  gpu: Gpu,
  field: number,
  seed: number,
  steps: number,
): Promise<Record<Modality, number>> {
  using tensorflow = await Tensorflow.open(gpu);
  const draws = {
    ct: (random: RandomState) => disc(random, SIZE, DISCS.ct),
    mr: (random: RandomState) => disc(random, SIZE, DISCS.mr),
  };
  const gan = await train(tensorflow, field, draws, { steps, rate: 5e-4, seed });
  const random = RandomState.of(seed, "held out");
  const ratio = { ct: 0, mr: 0 };
  for (let n = 0; n < HELD_OUT; n++) {
    for (const [from, to] of [["ct", "mr"], ["mr", "ct"]] as const) {
      const image = draws[from](random);
      const found = await synthesised(gan, to, image);
      ratio[to] += discRadius(found, DISCS[to]) / discRadius(image, DISCS[from]) / HELD_OUT;
    }
  }
  gan.dispose();
  return ratio;
}
