/**
 * The time of a training step: with our kernels, with tfjs's own, and in PyTorch on the processor.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { CycleGan, type CycleGanSettings, type Ops, Tensorflow } from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";

/** Floating-point operations of the convolutions of one step, both directions, 2 for each product. */
export function stepOperations(settings: CycleGanSettings): number {
  const { crop: n, channels: c, generatorFilters: f, blocks, strides } = settings;
  const generator = n * n * (2 * 49 * c * f + 2 * (9 * 2 * f * f) / 4 + 2 * (9 * 8 * f * f) / 16) +
    2 * blocks * 9 * 16 * f * f * n * n / 16;
  let discriminator = 0;
  let before = c;
  let size = n;
  strides.forEach((stride, i) => {
    const after = i === strides.length - 1
      ? 1
      : settings.discriminatorFilters * 2 ** Math.min(i, 3);
    size = Math.ceil(size / stride);
    discriminator += size * size * 16 * before * after;
    before = after;
  });
  // Four generators forward and back (3 each); two discriminators whose weights have no gradient, then four.
  return 2 * (12 * generator + (4 + 12) * discriminator);
}

/** Median wall milliseconds of a step; the first steps, which compile, do not count. */
export async function timeSteps(
  gpu: Gpu,
  ops: Ops,
  settings: CycleGanSettings,
  steps: number,
): Promise<number> {
  using tensorflow = await Tensorflow.open(gpu, { ops });
  const gan = new CycleGan(tensorflow, settings);
  const { crop, channels } = settings;
  const image = (seed: number) =>
    tf.randomUniform([1, crop, crop, channels], -1, 1, "float32", seed) as tf.Tensor4D;
  const real = { ct: image(1), mr: image(2) };
  const times: number[] = [];
  for (let i = -2; i < steps; i++) {
    const began = performance.now();
    const losses = gan.step(real, 2e-4);
    await losses.data();
    losses.dispose();
    if (i >= 0) times.push(performance.now() - began);
  }
  tf.dispose([real.ct, real.mr]);
  gan.dispose();
  return times.sort((a, b) => a - b)[times.length >> 1];
}

/** PyTorch's time for a step, or undefined where PyTorch is not installed (Debian: `apt-get install python3-torch`). */
export async function timeTorchSteps(
  settings: CycleGanSettings,
  steps: number,
  threads: number,
): Promise<{ median: number; version: string } | undefined> {
  const { crop, channels, generatorFilters, blocks, strides } = settings;
  const script = fileURLToPath(new URL("./cycle_gan_torch.py", import.meta.url));
  const numbers = [crop, channels, generatorFilters, blocks, strides.join(","), steps, threads];
  for (const python of ["/usr/bin/python3", "python3"]) {
    const { success, stdout } = await new Deno.Command(python, {
      args: [script, ...numbers.map(String)],
      env: {
        OMP_NUM_THREADS: String(threads),
        OPENBLAS_NUM_THREADS: "1",
        OMP_PROC_BIND: "true",
        OMP_WAIT_POLICY: "active",
      },
      stderr: "null",
    }).output().catch(() => ({ success: false, stdout: new Uint8Array() }));
    if (success) return JSON.parse(new TextDecoder().decode(stdout));
  }
}
