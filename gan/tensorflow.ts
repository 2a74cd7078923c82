/**
 * tfjs on our device. Our kernels replace kernels of tfjs that are slow or wrong.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { chooseConvolutionVariant } from "./ops/convolution/choose_variant.ts";
import type { ConvolutionVariant } from "./ops/convolution/convolution.ts";
import { addInstanceNormToTfjs } from "./ops/instance_norm/instance_norm.ts";
import { dispatchesPerSubmit, OpRunner } from "./ops/op_runner.ts";
import { addConvolutionsToTfjs } from "./ops/convolution/tfjs_convolutions.ts";
import { addNormAndPadToTfjs } from "./ops/instance_norm/norm_and_pad.ts";
import { addAirTermToTfjs } from "./ops/intensity_transfer/air_term.ts";
import { addIntensityTransferToTfjs } from "./ops/intensity_transfer/intensity_transfer.ts";
import { addMeanDistanceToTfjs } from "./ops/mean_distance/mean_distance.ts";
import { addReflectPadToTfjs } from "./ops/reflect_pad/reflect_pad.ts";
import { addStructureLossToTfjs } from "./ops/structure_loss/structure_loss.ts";

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

/** Origin of the kernels: "own" are ours, "stock" are those of tfjs, for comparison. */
export type Ops = "own" | "stock";

/** Options of {@link Tensorflow.open}. */
export interface TensorflowOptions {
  /** Origin of the kernels. Default "own". */
  readonly ops?: Ops | undefined;
  /** Variant of the convolutions. Default the faster one, by a measurement. */
  readonly convolution?: ConvolutionVariant | undefined;
}

/** The open instance. There can be only one, because the registries of tfjs are global. */
let current: Tensorflow | undefined;

/**
 * tfjs on one of our devices. A process can have one open instance at a time.
 */
export class Tensorflow implements Disposable {
  /** The device. */
  readonly gpu: Gpu;
  /** Origin of the kernels. */
  readonly ops: Ops;
  /** Variant of the convolutions; undefined with the kernels of tfjs. */
  readonly convolution: ConvolutionVariant | undefined;
  /**
   * Records our kernels in order with those of tfjs.
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
   * @throws {Error} if another instance is open.
   */
  static async open(gpu: Gpu, options: TensorflowOptions = {}): Promise<Tensorflow> {
    if (current !== undefined) {
      throw new Error("tfjs is open on another device: dispose that Tensorflow first");
    }
    const { ops = "own" } = options;
    const backend = makeBackend(gpu);
    if (tf.findBackendFactory("webgpu") !== null) tf.removeBackend("webgpu");
    tf.registerBackend("webgpu", () => backend, 3);
    await tf.setBackend("webgpu");
    // Small tensors are computed on the device, too.
    tf.env().set("WEBGPU_CPU_FORWARD", false);
    tf.env().set("WEBGPU_DEFERRED_SUBMIT_BATCH_SIZE", dispatchesPerSubmit(gpu));
    const runner = new OpRunner(gpu, backend);
    const convolution = ops === "own"
      ? options.convolution ?? await chooseConvolutionVariant(runner)
      : undefined;
    const tensorflow = new Tensorflow(gpu, runner, ops, convolution);
    tensorflow.#restore.push(addStructureLossToTfjs(runner));
    if (convolution !== undefined) {
      tensorflow.#restore.push(
        addConvolutionsToTfjs(runner, convolution),
        addInstanceNormToTfjs(runner),
        addNormAndPadToTfjs(runner),
        addReflectPadToTfjs(runner),
        addMeanDistanceToTfjs(runner),
        addIntensityTransferToTfjs(runner),
        addAirTermToTfjs(runner),
      );
    }
    current = tensorflow;
    return tensorflow;
  }

  /** Waits until all recorded work has ended, and throws the errors of the device. */
  async finish(): Promise<void> {
    this.runner.flush();
    await this.gpu.finish();
  }

  /** Frees the tensors of tfjs on this device and restores the kernels of tfjs. */
  [Symbol.dispose](): void {
    for (const restore of this.#restore.splice(0)) restore();
    this.runner.flush();
    this.runner.destroy();
    tf.removeBackend("webgpu");
    current = undefined;
  }
}

/**
 * Makes the backend of tfjs. Its constructor refuses a device if there is no `navigator.gpu`, as in Node and Bun; it
 * does not use the property.
 */
function makeBackend(gpu: Gpu): WebGPUBackend {
  const make = () => new WebGPUBackend(gpu.device, gpu.device.adapterInfo);
  const scope = globalThis as { navigator?: { gpu?: unknown } | undefined };
  if (scope.navigator?.gpu) return make();
  const [target, name, value] = scope.navigator === undefined
    ? [scope, "navigator", { gpu: true }] as const
    : [scope.navigator, "gpu", true] as const;
  Object.defineProperty(target, name, { value, configurable: true });
  try {
    return make();
  } finally {
    delete (target as Record<string, unknown>)[name];
  }
}
