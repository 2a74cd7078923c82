import type { Modality } from "../../volume/modality.ts";
import { assertEquals, assertGreater, assertLess } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { CycleGan } from "./cycle_gan.ts";
import { startFromIdentity } from "./identity_start.ts";
import { RandomState } from "../../host/random.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../model/settings.ts";
import { Tensorflow, tf } from "../tensorflow.ts";

const settings: CycleGanSettings = {
  ...PAPER_SETTINGS,
  // The sizes of train_cycle_gan_slow_test.ts: the driver compiles their kernels once for both tests.
  crop: 16,
  channels: 1,
  generatorFilters: 4,
  blocks: 1,
  discriminatorFilters: 4,
  strides: [2, 1],
  identitySteps: 200,
};

/** An image of a blob of either sign. */
function blob(random: RandomState): tf.Tensor4D {
  const sign = random.between(0, 1) < 0.5 ? -1 : 1;
  const [x, y] = [random.between(4, 12), random.between(4, 12)];
  const values = Float32Array.from({ length: 16 ** 2 }, (_, i) => {
    const column = i % 16;
    const row = i >> 4;
    return sign * (1.6 * Math.exp(-((column - x) ** 2 + (row - y) ** 2) / 20) - 0.8);
  });
  return tf.tensor4d(values, [1, 16, 16, 1]);
}

gpuTest(
  "startFromIdentity() leaves generators that copy images they have not seen",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const gan = new CycleGan(tensorflow, settings);
    const random = RandomState.of(3, "blobs");
    const draw = () => blob(random);
    const error = async (of: Modality) => {
      const image = draw();
      const value = tf.tidy(() => gan.generators[of].apply(image).sub(image).abs().mean());
      const [mean] = await value.data();
      tf.dispose([image, value]);
      return mean;
    };
    const discriminator = async () => (await gan.discriminators.ct.readWeights())[0].data;
    const judge = await discriminator();
    for (const to of ["ct", "mr"] as const) assertGreater(await error(to), 0.4, to);
    let tensors = 0;
    let steps = 0;
    await startFromIdentity(tensorflow, gan, draw, () => {
      // The first step makes the gradient of the weights; later ones leave nothing.
      if (steps++ === 1) tensors = tf.memory().numTensors;
      else if (steps > 2) assertEquals(tf.memory().numTensors, tensors);
      return Promise.resolve();
    });
    assertEquals(steps, 200);
    for (const to of ["ct", "mr"] as const) assertLess(await error(to), 0.15, to);
    assertEquals([gan.generatorAdam.steps, await discriminator()], [0, judge]);
    gan.dispose();
  },
);

gpuTest("startFromIdentity() keeps the intensity transfer of a generator", async (gpu) => {
  using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  // The curve of MR inverts the image; CT has none.
  const gan = new CycleGan(tensorflow, settings, { mr: [0.9, 0.45, 0, -0.45, -0.9] });
  const random = RandomState.of(3, "blobs");
  const draw = () => blob(random);
  await startFromIdentity(tensorflow, gan, draw, () => Promise.resolve());
  for (const [to, sign] of [["ct", 1], ["mr", -1]] as const) {
    const image = draw();
    const error = tf.tidy(() => gan.generators[to].apply(image).sub(image.mul(sign)).abs().mean());
    assertLess((await error.data())[0], 0.15, to);
    tf.dispose([image, error]);
  }
  gan.dispose();
  assertEquals(tf.memory().numTensors, 0);
});
