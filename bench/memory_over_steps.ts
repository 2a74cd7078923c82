/**
 * Memory over many training steps.
 *
 * @module
 */

import { CycleGan, type CycleGanSettings, RandomState, Tensorflow } from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";

/** Memory after a step. */
export interface MemoryAtStep {
  readonly step: number;
  readonly tensors: number;
  /** Bytes of tensors on the GPU, and of the buffers that hold or held them. */
  readonly tensorBytes: number;
  readonly bufferBytes: number;
  /** Bytes of our own buffers: uniform blocks and scratch. */
  readonly ownBytes: number;
  /** Resident set of this process, bytes. */
  readonly resident: number;
}

/** Trains on noise and records the memory every `every` steps. */
export async function memoryOverSteps(
  gpu: Gpu,
  settings: CycleGanSettings,
  steps: number,
  every: number,
): Promise<MemoryAtStep[]> {
  using tensorflow = await Tensorflow.open(gpu);
  const gan = new CycleGan(tensorflow, settings);
  const random = RandomState.of(1, "noise");
  const { crop, channels } = settings;
  const shape: [number, number, number, number] = [1, crop, crop, channels];
  const image = () => {
    const values = Float32Array.from(
      { length: crop * crop * channels },
      () => random.between(-1, 1),
    );
    return tf.tensor4d(values, shape);
  };
  const found: MemoryAtStep[] = [];
  for (let step = 1; step <= steps; step++) {
    const real = { ct: image(), mr: image() };
    const losses = gan.step(real, 2e-4);
    await losses.data();
    tf.dispose([real.ct, real.mr, losses]);
    if (step % every !== 0) continue;
    const memory = tf.memory() as tf.MemoryInfo & Record<string, number>;
    found.push({
      step,
      tensors: memory.numTensors,
      tensorBytes: memory.numBytesInGPU,
      bufferBytes: memory.numBytesAllocatedInGPU,
      ownBytes: gpu.liveBytes,
      resident: Deno.memoryUsage().rss,
    });
  }
  gan.dispose();
  return found;
}
