import { assertAlmostEquals, assertEquals, assertLess } from "@std/assert";
import { assertCloseTo, seededValues } from "../../testing/float_values.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { random } from "../../testing/random.ts";
import { CycleGan, LOSSES } from "./cycle_gan.ts";
import {
  discriminatorLossReference,
  generatorLossReference,
  type ReferenceImage,
} from "./cycle_gan_reference.ts";
import type { Network } from "../networks/network.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../model/settings.ts";
import type { Modality } from "../../volume/modality.ts";
import type { AirRule } from "../ops/intensity_transfer/air_rule.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

const base: CycleGanSettings = {
  ...PAPER_SETTINGS,
  crop: 16,
  generatorFilters: 4,
  blocks: 2,
  discriminatorFilters: 4,
  strides: [2, 2, 1],
};

const networksOf = ({ generators, discriminators }: CycleGan) => [
  generators.ct,
  generators.mr,
  discriminators.ct,
  discriminators.mr,
];

/** The gradient that the last backward pass wrote, by weight. */
async function gradientOf(networks: readonly Network[]): Promise<Map<string, Float32Array>> {
  const all = new Map<string, Float32Array>();
  for (const network of networks) {
    for (const { name, data } of await network.readGradient()) all.set(name, data);
  }
  return all;
}

/** Weights that make the losses depend on every layer, unlike the tiny ones that training starts from. */
async function stir(gan: CycleGan): Promise<Map<string, Float64Array>> {
  const weights = new Map<string, Float64Array>();
  let seed = 100;
  for (const network of networksOf(gan)) {
    const before = await network.readWeights();
    const stirred = new Map(before.map(({ name, data: old }) => [
      name,
      seededValues(old.length, seed++).map((value, i) =>
        name.endsWith("filter")
          ? value * 1.5 * Math.sqrt(8 / old.length) + 5 * old[i]
          : old[i] + value
      ),
    ]));
    await network.assignWeights((name) => stirred.get(name)!);
    for (const [name, values] of stirred) weights.set(name, Float64Array.from(values));
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
function assertGradients(
  gradients: ReadonlyMap<string, Float32Array>,
  weights: Map<string, Float64Array>,
  loss: (weights: Map<string, Float64Array>) => number,
): void {
  const next = random(77);
  const step = 1e-6;
  for (const [name, written] of gradients) {
    const values = weights.get(name)!;
    const gradient = Float64Array.from(written);
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

/** Curves of both generators; that of CT falls. */
const transfer = { mr: [-0.9, -0.2, 0.6, 0.1], ct: [0.4, 0, -0.6, -0.99] };
const air: Record<Modality, AirRule> = {
  mr: { dark: [-0.8, 0.9], pixels: [4, 11], curve: [-0.95, -0.5, 0.1, -0.2] },
  ct: { dark: [-0.9, 0.3], pixels: [0, 9], curve: [-0.7, -0.3, -0.65, -0.97] },
};

for (
  const [name, options, small, curves] of [
    ["own kernels, sums in registers", { convolution: "registers" }, base, undefined],
    ["stock kernels", { ops: "stock" }, base, undefined],
    [
      "MIND, a shallow discriminator and an intensity transfer with air, sums in tiles",
      { convolution: "tiles" },
      shallow,
      { ...transfer, air },
    ],
    [
      "local correlation, no norm and a transfer to MR, sums in tiles",
      { convolution: "tiles" },
      plain,
      { mr: transfer.mr },
    ],
  ] as const
) {
  gpuTest(`the cycle-GAN's gradients, ${name}, equal central differences`, async (gpu, t) => {
    using tensorflow = await Tensorflow.open(gpu, options);
    const gan = new CycleGan(tensorflow, small, curves);
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
      const { fakes, deceptions, cycles, extras } = gan.generatorGradients(
        { ct: ct.tensor, mr: mr.tensor },
        regression,
      );
      const loss = (weights: Map<string, Float64Array>) =>
        generatorLossReference(small, weights, { ct: ct.image, mr: mr.image }, {
          regression: {
            pair: { ct: pair.ct.image, mr: pair.mr.image, weight: pair.weight.image },
            weight: regression.weight,
          },
          transfer: curves,
        });
      const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b);
      const [structure, regressed] = await extras.data();
      const value = sum(await deceptions.data()) + small.cycleWeight * sum(await cycles.data()) +
        small.structureWeight * structure + regression.weight * regressed;
      assertAlmostEquals(value, loss(weights), 1e-4);
      const { generators } = gan;
      const gradients = await gradientOf([generators.ct, generators.mr]);
      assertEquals(gradients.size, generators.ct.weightNames.length * 2);
      assertGradients(gradients, weights, loss);
      // Both at once give what each generator gives alone.
      for (const [to, image] of [["mr", ct], ["ct", mr]] as const) {
        const alone = generators[to].apply(image.tensor);
        assertCloseTo(await fakes[to].data(), await alone.data(), `fake ${to}`, 1e-5);
        alone.dispose();
      }
      tf.dispose([fakes.ct, fakes.mr, deceptions, cycles, extras]);
      tf.dispose(Object.values(regression.pair));
    });
    await t.step("discriminators", async () => {
      const losses = gan.discriminatorGradients(
        { ct: ct.tensor, mr: mr.tensor },
        { ct: fake.tensor, mr: ct.tensor },
      );
      const values = await losses.data();
      for (const [i, of] of (["ct", "mr"] as const).entries()) {
        const [real, synthesised] = of === "ct" ? [ct, fake] : [mr, ct];
        const loss = (weights: Map<string, Float64Array>) =>
          discriminatorLossReference(of, small, weights, real.image, synthesised.image);
        assertAlmostEquals(values[i], loss(weights), 1e-5);
        const gradients = await gradientOf([gan.discriminators[of]]);
        assertEquals(gradients.size, gan.discriminators[of].weightNames.length);
        assertGradients(gradients, weights, loss);
      }
      losses.dispose();
    });
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
