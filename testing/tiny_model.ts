/**
 * A model that is as small as possible, with the random weights of a training that has not begun.
 *
 * @module
 */

import { CycleGan, PAPER_SETTINGS, RandomState, Tensorflow, writeCheckpoint } from "../gan/mod.ts";
import { Gpu } from "../kernels/gpu/gpu.ts";
import { FAST_TO_COMPILE } from "./tensorflow.ts";

/** Writes a model of axial patches of 16 x 16 pixels in 2 slices into a folder. */
export async function writeTinyModel(folder: string): Promise<void> {
  using gpu = await Gpu.open();
  using tensorflow = await Tensorflow.open(gpu, FAST_TO_COMPILE);
  const gan = new CycleGan(tensorflow, {
    ...PAPER_SETTINGS,
    crop: 16,
    channels: 2,
    generatorFilters: 4,
    blocks: 1,
    discriminatorFilters: 4,
    strides: [2, 1],
    epochs: 1,
    stepsPerEpoch: 1,
  });
  const state = (name: string) => RandomState.of(1, name).save();
  await writeCheckpoint(folder, gan, {
    step: 1,
    ops: "own",
    convolution: "registers",
    data: {
      plane: "axial",
      spacing: [6, 6, 6],
      region: "all",
      flips: false,
      scale: { ct: { low: -1000, high: 1000 }, mr: { low: 0, high: 800 } },
      images: { ct: [], mr: [] },
    },
    random: { ct: state("ct"), mr: state("mr"), pool: state("pool") },
  });
  gan.dispose();
}
