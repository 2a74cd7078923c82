/**
 * tfjs on our device, with our kernels in the place of its slow or wrong ones.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { chooseConvolution } from "./ops/choose_convolution.ts";
import type { ConvolutionVariant } from "./ops/convolution.ts";
import { registerInstanceNorm } from "./ops/instance_norm.ts";
import { dispatchesASubmit, OpRunner } from "./ops/op_runner.ts";
import { registerConvolutions } from "./ops/register_convolutions.ts";
import { registerPaddedNorm } from "./ops/padded_norm.ts";
import { registerReflectPad } from "./ops/reflect_pad.ts";

export { tf };

/** A tensor of tfjs. */
export type Tensor = tf.Tensor;
/** A tensor of tfjs without axes: one number. */
export type Scalar = tf.Scalar;
/** A tensor of tfjs with one axis. */
export type Tensor1D = tf.Tensor1D;
/** A tensor of tfjs with four axes: images, rows, columns, channels. */
export type Tensor4D = tf.Tensor4D;
/** A tensor of tfjs whose values a training changes. */
export type Variable = tf.Variable;

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
  /**
   * Records our kernels among tfjs's.
   *
   * @internal
   */
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
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", dispatchesASubmit(gpu));
    const runner = new OpRunner(gpu, backend);
    const convolution = ops === "own"
      ? options.convolution ?? await chooseConvolution(runner)
      : undefined;
    const tensorflow = new Tensorflow(gpu, runner, ops, convolution);
    if (convolution !== undefined) {
      tensorflow.#restore.push(
        registerConvolutions(runner, convolution),
        registerInstanceNorm(runner),
        registerPaddedNorm(runner),
        registerReflectPad(runner),
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
