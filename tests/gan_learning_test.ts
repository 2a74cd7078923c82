/** A cycle-GAN learns a mapping whose truth is known. */

import { assertGreater, assertLess } from "@std/assert";
import { CycleGan, PAPER_SETTINGS, RandomState, STRIDES, Tensorflow } from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import { gpuTest } from "../testing/gpu.ts";
import { inverted, section } from "../testing/toy_images.ts";

const SIZE = 32;
const STEPS = 400;

gpuTest(
  "CycleGan learns the inversion from unpaired sections and inverted sections",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, { convolution: "registers" });
    const gan = new CycleGan(tensorflow, {
      ...PAPER_SETTINGS,
      crop: SIZE,
      channels: 1,
      blocks: 2,
      generatorFilters: 8,
      discriminatorFilters: 8,
      strides: STRIDES[22],
    });
    const tensor = (values: Float32Array) => tf.tensor4d(values.slice(), [1, SIZE, SIZE, 1]);
    const draw = { ct: RandomState.of(1, "ct"), mr: RandomState.of(1, "mr") };
    /** Mean error of both generators on sections that no step has seen, as a part of the range. */
    const heldOutError = async () => {
      const random = RandomState.of(2, "held out");
      let sum = 0;
      for (let n = 0; n < 8; n++) {
        const image = section(random, SIZE);
        const truth = inverted(image);
        for (const [to, from, wanted] of [["mr", image, truth], ["ct", truth, image]] as const) {
          const real = tensor(from);
          const fake = gan.generators[to].apply(real);
          const values = await fake.data();
          for (let i = 0; i < values.length; i++) sum += Math.abs(values[i] - wanted[i]) / 2;
          tf.dispose([real, fake]);
        }
      }
      return sum / (16 * SIZE ** 2);
    };
    const before = await heldOutError();
    for (let step = 0; step < STEPS; step++) {
      const real = {
        ct: tensor(section(draw.ct, SIZE)),
        mr: tensor(inverted(section(draw.mr, SIZE))),
      };
      const losses = gan.step(real, 1e-3);
      if (step % 10 === 0) await losses.data();
      tf.dispose([real.ct, real.mr, losses]);
    }
    const after = await heldOutError();
    console.log(`held-out error ${before.toFixed(3)} -> ${after.toFixed(3)} of the range`);
    assertGreater(before, 0.2);
    assertLess(after, 0.1);
    gan.dispose();
  },
);
