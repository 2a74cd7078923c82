/**
 * tfjs on our device, with our kernels in the place of its slow or wrong ones.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Gpu } from "../kernels/mod.ts";
import { chooseConvolutionVariant } from "./ops/convolution/choose_variant.ts";
import type { ConvolutionVariant } from "./ops/convolution/convolution.ts";
import { addInstanceNormToTfjs } from "./ops/instance_norm/instance_norm.ts";
import { dispatchesPerSubmit, OpRunner } from "./ops/op_runner.ts";
import { addConvolutionsToTfjs } from "./ops/convolution/tfjs_convolutions.ts";
import { addNormAndPadToTfjs } from "./ops/instance_norm/norm_and_pad.ts";
import { addReflectPadToTfjs } from "./ops/reflect_pad/reflect_pad.ts";

export { tf };

/** Whose kernels compute: ours, or tfjs's own, to compare. */
export type Ops = "own" | "stock";

/** Options of {@link Tensorflow.open}. */
export interface TensorflowOptions {
  /** Whose kernels compute; "own" when absent. */
  readonly ops?: Ops | undefined;
  /** How the convolutions hold their sums; measured when absent. */
  readonly convolution?: ConvolutionVariant | undefined;
}

/** The one that is open: tfjs keeps its backends and kernels for the whole process. */
let current: Tensorflow | undefined;

/**
 * tfjs on a device of ours. There is one at a time in a process.
 */
export class Tensorflow implements Disposable {
  /** The device. */
  readonly gpu: Gpu;
  /** Whose kernels compute. */
  readonly ops: Ops;
  /** How the convolutions hold their sums; undefined with tfjs's own kernels. */
  readonly convolution: ConvolutionVariant | undefined;
  /** Records our kernels among tfjs's. */
  readonly runner: OpRunner;
  #restore: (() => void)[] = [];

  private constructor(gpu: Gpu, runner: OpRunner, ops: Ops, convolution?: ConvolutionVariant) {
    this.gpu = gpu;
    this.runner = runner;
    this.ops = ops;
    this.convolution = convolution;
  }

  /**
   * Makes tfjs compute on this device.
   *
   * @throws {Error} when another one is open.
   */
  static async open(gpu: Gpu, options: TensorflowOptions = {}): Promise<Tensorflow> {
    if (current !== undefined) {
      throw new Error("tfjs is open on another device: dispose that Tensorflow first");
    }
    const { ops = "own" } = options;
    const backend = new WebGPUBackend(gpu.device, gpu.device.adapterInfo);
    if (tf.findBackendFactory("webgpu") !== null) tf.removeBackend("webgpu");
    tf.registerBackend("webgpu", () => backend, 3);
    await tf.setBackend("webgpu");
    // Small tensors stay on the device too.
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", dispatchesPerSubmit(gpu));
    const runner = new OpRunner(gpu, backend);
    const convolution = ops === "own"
      ? options.convolution ?? await chooseConvolutionVariant(runner)
      : undefined;
    const tensorflow = new Tensorflow(gpu, runner, ops, convolution);
    if (convolution !== undefined) {
      tensorflow.#restore.push(
        addConvolutionsToTfjs(runner, convolution),
        addInstanceNormToTfjs(runner),
        addNormAndPadToTfjs(runner),
        addReflectPadToTfjs(runner),
      );
    }
    current = tensorflow;
    return tensorflow;
  }

  /** Waits until all that was recorded has ended and raises the device's errors. */
  async finish(): Promise<void> {
    this.runner.flush();
    await this.gpu.finish();
  }

  /** Frees tfjs's tensors on this device and gives it its own kernels back. */
  [Symbol.dispose](): void {
    for (const restore of this.#restore.splice(0)) restore();
    this.runner.flush();
    this.runner.destroy();
    tf.removeBackend("webgpu");
    current = undefined;
  }
}
