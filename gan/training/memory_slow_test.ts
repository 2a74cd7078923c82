import { assert, assertEquals, assertThrows } from "@std/assert";
import { GpuMemoryError } from "../../kernels/mod.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { FAST_TO_COMPILE } from "../../testing/tensorflow.ts";
import { CycleGan } from "./cycle_gan.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../model/settings.ts";
import { Tensorflow, tf } from "../tensorflow.ts";
import { checkTrainingFits, countWeights, trainingBytes } from "./memory.ts";

const settings: CycleGanSettings = {
  ...PAPER_SETTINGS,
  crop: 48,
  generatorFilters: 12,
  discriminatorFilters: 8,
  blocks: 4,
  strides: [2, 2, 1],
  channels: 2,
  pool: 3,
};

const paired: CycleGanSettings = { ...settings, pairWeight: 5, structureWeight: 1 };

for (
  const [name, one] of [["plain", settings], ["with pairs and a structure loss", paired]] as const
) {
  gpuTest(`trainingBytes() is what a training takes, ${name}`, async (gpu) => {
    using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
    const gan = new CycleGan(tensorflow, one);
    const networks = [...Object.values(gan.generators), ...Object.values(gan.discriminators)];
    const weights = networks.reduce((sum, { parameters }) => sum + parameters, 0);
    assertEquals(countWeights(one), weights);
    const image = tf.randomNormal([1, 48, 48, 2], 0, 0.5, "float32", 1) as tf.Tensor4D;
    const pair = { ct: image, mr: image, weight: image };
    for (let step = 0; step < 5; step++) {
      const regression = one.pairWeight > 0 ? { pair, weight: one.pairWeight } : undefined;
      const losses = gan.step({ ct: image, mr: image }, 1e-4, regression);
      await losses.data();
      losses.dispose();
    }
    const { numBytesAllocatedInGPU } = tf.memory() as unknown as { numBytesAllocatedInGPU: number };
    const ratio = trainingBytes(one) / numBytesAllocatedInGPU;
    assert(ratio > 0.95 && ratio < 1.35, `estimated / allocated = ${ratio}`);
    image.dispose();
    gan.dispose();
  });
}

Deno.test("countWeights() of the paper's networks", () => {
  assertEquals(countWeights(PAPER_SETTINGS), 2 * (11_383_424 + 2_765_568));
  const shallow = { ...PAPER_SETTINGS, channels: 12, strides: [2, 2, 1] };
  assertEquals(countWeights(shallow), 2 * (11_439_872 + 145_664));
});

gpuTest("checkTrainingFits() names the largest training that fits", (gpu) => {
  checkTrainingFits(gpu, settings);
  const error = assertThrows(() => checkTrainingFits(gpu, PAPER_SETTINGS), GpuMemoryError);
  const [, crop, filters] = error.message.match(/a patch of (\d+) .* or (\d+) instead/)!;
  checkTrainingFits(gpu, { ...PAPER_SETTINGS, crop: Number(crop) });
  const more = { ...PAPER_SETTINGS, crop: Number(crop) + 4 };
  assertThrows(() => checkTrainingFits(gpu, more), GpuMemoryError);
  const narrow = { generatorFilters: Number(filters), discriminatorFilters: Number(filters) };
  checkTrainingFits(gpu, { ...PAPER_SETTINGS, ...narrow });
}, { memoryBytes: 1000 * 2 ** 20 });

gpuTest("checkTrainingFits() minds what one binding holds", (gpu) => {
  const error = assertThrows(() => checkTrainingFits(gpu, PAPER_SETTINGS), GpuMemoryError);
  const crop = Number(error.message.match(/a patch of (\d+)/)![1]);
  checkTrainingFits(gpu, { ...PAPER_SETTINGS, crop });
}, { maxBindingBytes: 10_000_000 });
