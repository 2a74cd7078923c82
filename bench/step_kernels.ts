/**
 * The GPU time of a training step by kernel.
 *
 * @module
 */

import { CycleGan, type CycleGanSettings, Tensorflow } from "../gan/mod.ts";
import { tf } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { readTimes } from "./gpu_timer.ts";

/** The dispatches of one kernel in a step. */
export interface KernelTime {
  /** Label of the kernel, or "tfjs" for all kernels of tfjs. */
  readonly label: string;
  /** Number of dispatches. */
  readonly dispatches: number;
  /** Milliseconds of GPU time of all dispatches. */
  readonly milliseconds: number;
}

/** Maximum number of dispatches that are timed: a query set has at most 4096 timestamps. */
const MAX_DISPATCHES = 2048;

/** Gives each dispatch of a device a pass of its own with timestamps. */
class DispatchTimer {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #labels: string[] = [];
  readonly #createCommandEncoder: GPUDevice["createCommandEncoder"];
  enabled = false;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ type: "timestamp", count: 2 * MAX_DISPATCHES });
    this.#createCommandEncoder = device.createCommandEncoder.bind(device);
    device.createCommandEncoder = (descriptor) => {
      const encoder = this.#createCommandEncoder(descriptor);
      const begin = encoder.beginComputePass.bind(encoder);
      encoder.beginComputePass = (options) =>
        this.enabled ? this.#timedPass(begin) : begin(options);
      return encoder;
    };
  }

  /** A pass of which each dispatch is a pass. */
  #timedPass(begin: (options: GPUComputePassDescriptor) => GPUComputePassEncoder) {
    let pipeline: GPUComputePipeline;
    let bindGroup: GPUBindGroup;
    return {
      setPipeline: (value: GPUComputePipeline) => pipeline = value,
      setBindGroup: (_: number, value: GPUBindGroup) => bindGroup = value,
      dispatchWorkgroups: (x: number, y: number, z: number) => {
        const at = this.#labels.push(pipeline.label) - 1;
        if (at >= MAX_DISPATCHES) return; // `read` refuses them.
        const pass = begin({
          timestampWrites: {
            querySet: this.#queries,
            beginningOfPassWriteIndex: 2 * at,
            endOfPassWriteIndex: 2 * at + 1,
          },
        });
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, bindGroup);
        pass.dispatchWorkgroups(x, y, z);
        pass.end();
      },
      end: () => {},
    } as unknown as GPUComputePassEncoder;
  }

  /** The label and the milliseconds of each dispatch since the last call. */
  async read(): Promise<{ label: string; milliseconds: number }[]> {
    const labels = this.#labels.splice(0);
    if (labels.length > MAX_DISPATCHES) {
      throw new Error(`A step of ${labels.length} dispatches has too many to be timed`);
    }
    const times = await readTimes(this.#device, this.#queries, labels.length);
    return labels.map((label, i) => ({ label, milliseconds: times[i] }));
  }

  [Symbol.dispose](): void {
    this.#device.createCommandEncoder = this.#createCommandEncoder;
    this.#queries.destroy();
  }
}

/**
 * GPU time of a training step by kernel, the slowest kernel first: the minimum of some steps for each dispatch.
 *
 * @throws {Error} when the adapter has no timestamp queries.
 */
export async function timeStepKernels(
  gpu: Gpu,
  settings: CycleGanSettings,
  steps: number,
): Promise<KernelTime[]> {
  if (!gpu.device.features.has("timestamp-query")) {
    throw new Error("This adapter has no timestamp queries: kernels cannot be timed on it");
  }
  using timer = new DispatchTimer(gpu.device);
  using tensorflow = await Tensorflow.open(gpu);
  const gan = new CycleGan(tensorflow, settings);
  const { crop, channels } = settings;
  const image = (seed: number) =>
    tf.randomUniform([1, crop, crop, channels], -1, 1, "float32", seed) as tf.Tensor4D;
  const real = { ct: image(1), mr: image(2) };
  const best: { label: string; milliseconds: number }[] = [];
  for (let i = -2; i < steps; i++) {
    timer.enabled = i >= 0;
    const losses = gan.step(real, 2e-4);
    await tensorflow.finish();
    timer.enabled = false;
    losses.dispose();
    if (i < 0) continue;
    (await timer.read()).forEach(({ label, milliseconds }, at) => {
      best[at] ??= { label, milliseconds };
      best[at].milliseconds = Math.min(best[at].milliseconds, milliseconds);
    });
  }
  tf.dispose([real.ct, real.mr]);
  gan.dispose();
  const byLabel = new Map<string, KernelTime>();
  for (const { label, milliseconds } of best) {
    const name = label || "tfjs";
    const sum = byLabel.get(name) ?? { label: name, dispatches: 0, milliseconds: 0 };
    byLabel.set(name, {
      label: name,
      dispatches: sum.dispatches + 1,
      milliseconds: sum.milliseconds + milliseconds,
    });
  }
  return [...byLabel.values()].sort((a, b) => b.milliseconds - a.milliseconds);
}
