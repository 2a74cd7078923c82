import { assertEquals, assertGreater } from "@std/assert";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { RandomState } from "../../host/random.ts";
import { PAPER_SETTINGS } from "../model/settings.ts";
import { Tensorflow, tf } from "../tensorflow.ts";
import { CycleGan } from "./cycle_gan.ts";
import { startFromPairs } from "./pair_start.ts";

/** As in train_cycle_gan_slow_test.ts: the driver compiles the kernels once for both tests. */
const SIZE = 16;

/** Patches of blobs; the MR has the opposite contrast, or is noise. */
function drawPairs(isRelated: boolean) {
  const random = RandomState.of(3, "blobs");
  return () => {
    const x = random.between(4, 12);
    const y = random.between(4, 12);
    const ct = Float32Array.from({ length: SIZE ** 2 }, (_, i) => {
      const distance = (i % SIZE - x) ** 2 + (Math.floor(i / SIZE) - y) ** 2;
      return 1.6 * Math.exp(-distance / 20) - 0.8;
    });
    const mr = ct.map((value) => isRelated ? -value : random.between(-1, 1));
    return { ct, mr, weight: new Float32Array(ct.length).fill(1) };
  };
}

gpuTest(
  "startFromPairs() learns the opposite contrast, and says where there is none to learn",
  async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    for (const isRelated of [true, false]) {
      const gan = new CycleGan(tensorflow, {
        ...PAPER_SETTINGS,
        crop: SIZE,
        channels: 1,
        generatorFilters: 4,
        blocks: 1,
        discriminatorFilters: 4,
        strides: [2, 1],
        pairSteps: isRelated ? 40 : 5,
      });
      let tensors = 0;
      let steps = 0;
      const start = await startFromPairs(tensorflow, gan, {
        draw: drawPairs(isRelated),
        softTissue: [-1, 1],
        betweenSteps: () => {
          // The first step makes the gradient of the weights; later ones leave nothing.
          if (steps++ === 1) tensors = tf.memory().numTensors;
          else if (steps > 2) assertEquals(tf.memory().numTensors, tensors);
          return Promise.resolve();
        },
      });
      assertEquals(start.steps, steps);
      assertEquals(start.hasFailed, !isRelated);
      if (isRelated) assertGreater(Math.min(start.correlation.mr, start.correlation.ct), 0.6);
      // The start goes on three times before it gives up.
      else assertEquals(steps, 20);
      gan.dispose();
    }
  },
);
