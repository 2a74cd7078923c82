import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { CycleGan, LOSSES } from "./cycle_gan.ts";
import {
  discriminatorLossReference,
  generatorLossReference,
  type ReferenceImage,
} from "./cycle_gan_reference.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../model/settings.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

const base: CycleGanSettings = {
  ...PAPER_SETTINGS,
  crop: 16,
  generatorFilters: 4,
  blocks: 2,
  discriminatorFilters: 4,
  strides: [2, 2, 1],
};

/** Weights that make the losses depend on every layer, unlike the tiny ones that training starts from. */
async function stir(gan: CycleGan): Promise<Map<string, Float64Array>> {
  const weights = new Map<string, Float64Array>();
  let seed = 100;
  for (const [name, variable] of gan.weights) {
    const old = await variable.data();
    const stirred = seededValues(old.length, seed++).map((value, i) =>
      name.endsWith("filter")
        ? value * 1.5 * Math.sqrt(8 / old.length) + 5 * old[i]
        : old[i] + value
    );
    const tensor = tf.tensor(stirred.slice(), variable.shape);
    variable.assign(tensor);
    tensor.dispose();
    weights.set(name, Float64Array.from(stirred));
  }
  return weights;
}

const images = (settings: CycleGanSettings, seed: number) => {
  const { crop, channels } = settings;
  const values = seededValues(crop * crop * channels, seed).map((value) => 2 * value);
  const tensor = tf.tensor4d(values.slice(), [1, crop, crop, channels]);
  const image: ReferenceImage = { size: crop, channels, values: Float64Array.from(values) };
  return { tensor, image };
};

/**
 * Compares a gradient with central differences in double precision: for each weight tensor the derivative
 * along a random direction, relative to the product of the two lengths times the expected cosine of two
 * random directions.
 */
async function assertGradients(
  names: readonly string[],
  gradients: readonly (readonly tf.Tensor[])[],
  weights: Map<string, Float64Array>,
  loss: (weights: Map<string, Float64Array>) => number,
): Promise<void> {
  const next = random(77);
  const step = 1e-6;
  for (const [i, name] of names.entries()) {
    const values = weights.get(name)!;
    const gradient = new Float64Array(values.length);
    for (const part of gradients) {
      (await part[i].data()).forEach((value, j) => gradient[j] += value);
    }
    const length = Math.hypot(...gradient);
    // Half along the gradient, so that the derivative is far from 0.
    const direction = gradient.map((value) =>
      value / (length || 1) + (next() - 0.5) * Math.sqrt(12 / gradient.length)
    );
    const moved = (by: number) =>
      loss(new Map(weights).set(name, values.map((value, j) => value + by * direction[j])));
    const difference = (moved(step) - moved(-step)) / (2 * step);
    const derivative = gradient.reduce((sum, value, j) => sum + value * direction[j], 0);
    assertLess(
      Math.abs(derivative - difference),
      1e-3 * Math.abs(difference) + 1e-6,
      `${name}: ${derivative}, by differences ${difference}`,
    );
  }
}

const shallow: CycleGanSettings = {
  ...base,
  channels: 1,
  strides: [2, 1],
  structureMeasure: "mind",
  structureWeight: 5,
};
const plain: CycleGanSettings = {
  ...base,
  crop: 20,
  channels: 4,
  strides: [1, 2, 1, 1],
  discriminatorNorm: false,
  structureMeasure: "local-correlation",
  structureWeight: 1,
};

for (
  const [name, options, small] of [
    ["own kernels, sums in registers", { convolution: "registers" }, base],
    ["stock kernels", { ops: "stock" }, base],
    ["MIND and a shallow discriminator, sums in tiles", { convolution: "tiles" }, shallow],
    ["local correlation and no norm, sums in tiles", { convolution: "tiles" }, plain],
  ] as const
) {
  gpuTest(`the cycle-GAN's gradients, ${name}, equal central differences`, async (gpu, t) => {
    using tensorflow = await Tensorflow.open(gpu, options);
    const gan = new CycleGan(tensorflow, small);
    const weights = await stir(gan);
    const ct = images(small, 1);
    const mr = images(small, 2);
    const fake = images(small, 3);
    await t.step("generators", async () => {
      const pair = { ct: images(small, 4), mr: images(small, 5), weight: images(small, 6) };
      const regression = {
        pair: { ct: pair.ct.tensor, mr: pair.mr.tensor, weight: pair.weight.tensor },
        weight: 3,
      };
      const parts = gan.generatorGradients({ ct: ct.tensor, mr: mr.tensor }, regression);
      const loss = (weights: Map<string, Float64Array>) =>
        generatorLossReference(small, weights, { ct: ct.image, mr: mr.image }, {
          pair: { ct: pair.ct.image, mr: pair.mr.image, weight: pair.weight.image },
          weight: regression.weight,
        });
      let sum = 0;
      for (const { structure, regressed } of [parts.ct, parts.mr]) {
        sum += small.structureWeight * (await structure.data())[0];
        sum += regression.weight * (await regressed.data())[0];
      }
      for (const { deception, cycle } of [parts.ct, parts.mr]) {
        sum += (await deception.data())[0] + small.cycleWeight * (await cycle.data())[0];
      }
      assertAlmostEquals(sum, loss(weights), 1e-4);
      const names = [...gan.generators.ct.weights.keys(), ...gan.generators.mr.weights.keys()];
      await assertGradients(names, [parts.ct.gradients, parts.mr.gradients], weights, loss);
      for (const part of [parts.ct, parts.mr]) {
        const { fake, deception, cycle, structure, regressed, gradients } = part;
        tf.dispose([fake, deception, cycle, structure, regressed, gradients]);
      }
      tf.dispose(Object.values(regression.pair));
    });
    for (const modality of ["ct", "mr"] as const) {
      await t.step(`discriminator of ${modality}`, async () => {
        const { loss: value, gradients } = gan.discriminatorGradients(
          modality,
          ct.tensor,
          fake.tensor,
        );
        const loss = (weights: Map<string, Float64Array>) =>
          discriminatorLossReference(modality, small, weights, ct.image, fake.image);
        assertAlmostEquals((await value.data())[0], loss(weights), 1e-5);
        const names = [...gan.discriminators[modality].weights.keys()];
        await assertGradients(names, [gradients], weights, loss);
        tf.dispose([value, gradients]);
      });
    }
    tf.dispose([ct.tensor, mr.tensor, fake.tensor]);
    gan.dispose();
    assertEquals(tf.memory().numTensors, 0);
  });
}

gpuTest("CycleGan.step() lowers its losses and leaves no tensor", async (gpu) => {
  using tensorflow = await Tensorflow.open(gpu, { convolution: "registers" });
  const gan = new CycleGan(tensorflow, { ...base, pool: 1 });
  const ct = images(base, 1);
  const mr = images(base, 2);
  const real = { ct: ct.tensor, mr: mr.tensor };
  const losses: Float32Array[] = [];
  let tensors = 0;
  for (let step = 0; step < 30; step++) {
    const tensor = gan.step(real, 2e-3);
    losses.push(await tensor.data() as Float32Array);
    tensor.dispose();
    if (step === 1) tensors = tf.memory().numTensors;
    if (step > 1) assertEquals(tf.memory().numTensors, tensors);
  }
  const last = losses.at(-1)!;
  const of = (name: typeof LOSSES[number]) => LOSSES.indexOf(name);
  for (const name of ["cycleCt", "cycleMr"] as const) {
    assertLess(last[of(name)], 0.8 * losses[0][of(name)], name);
  }
  for (const name of ["discriminatorCt", "discriminatorMr"] as const) {
    assertLess(last[of(name)], losses[0][of(name)], name);
  }
  tf.dispose(Object.values(real));
  gan.dispose();
});
