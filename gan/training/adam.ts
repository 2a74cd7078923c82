/**
 * Adam (Kingma and Ba 2015, algorithm 1) on the weights of networks. Its state can be saved.
 *
 * @module
 */

import type { Complete } from "../../host/defaults.ts";
import { flatWorkgroups } from "../../kernels/gpu/workgroups.ts";
import type { NetworkWeights } from "../networks/network_weights.ts";
import { ADAM_STEP } from "./adam.wgsl.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";

/** Bindings begin at multiples of this number of bytes. */
const ALIGNMENT = 256;

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients. Default 0.5, the value of the paper's base implementation. */
  readonly beta1?: number | undefined;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number | undefined;
  /** Number that keeps the quotient finite. Default 1e-8. */
  readonly epsilon?: number | undefined;
}

/** Optimises the weights of networks. */
export class Adam {
  /** Number of steps taken. */
  steps = 0;
  /** Running means of the gradients, in the order of the weights. */
  readonly first: tf.Variable;
  /** Running means of the squared gradients, in the order of the weights. */
  readonly second: tf.Variable;
  readonly #tensorflow: Tensorflow;
  readonly #weights: NetworkWeights;
  readonly #options: Complete<AdamOptions>;
  readonly #step: tf.Variable;

  /** Makes an optimiser of these weights, before its first step. */
  constructor(
    tensorflow: Tensorflow,
    weights: NetworkWeights,
    { beta1 = 0.5, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {},
  ) {
    this.#tensorflow = tensorflow;
    this.#weights = weights;
    this.#options = { beta1, beta2, epsilon };
    const zeros = (size: number) => tf.tidy(() => tf.variable(tf.zeros([size]), false));
    this.first = zeros(weights.values.size);
    this.second = zeros(weights.values.size);
    this.#step = zeros(4);
  }

  /**
   * Takes one step by the gradient of the weights.
   *
   * @param learningRate - Learning rate of this step.
   */
  apply(learningRate: number): void {
    this.steps++;
    const { beta1, beta2, epsilon } = this.#options;
    const scales = [learningRate, 1 - beta1 ** this.steps, 1 - beta2 ** this.steps, 0];
    if (this.#tensorflow.ops === "stock") return this.#applyStock(scales);
    const { runner, gpu } = this.#tensorflow;
    const { values, gradient } = this.#weights;
    const step = runner.handle(this.#step);
    // The queue writes immediately, before dispatches that wait (the first upload of the tensor is one): submit them.
    runner.flush();
    gpu.device.queue.writeBuffer(step, 0, new Float32Array(scales));
    const changed = [values, this.first, this.second];
    const perBinding = Math.floor(gpu.maxBindingBytes / ALIGNMENT) * ALIGNMENT;
    for (let offset = 0; offset < 4 * values.size; offset += perBinding) {
      const bytes = Math.min(perBinding, 4 * values.size - offset);
      const count = bytes / 16;
      const plan = runner.cached(`Adam ${count} ${beta1} ${beta2} ${epsilon}`, () => {
        const { workgroups, stride } = flatWorkgroups(count);
        return runner.plan({
          kernel: ADAM_STEP,
          parameters: { count, stride, beta1, beta2, epsilon },
          workgroups,
        });
      });
      const ranges = [...changed, gradient].map((tensor) => ({ tensor, offset, bytes }));
      runner.run(plan, [this.#step, ...ranges]);
    }
    for (const tensor of changed) runner.changed(tensor);
  }

  /** Takes a step with the kernels of tfjs. */
  #applyStock([rate, scale1, scale2]: readonly number[]): void {
    const { beta1, beta2, epsilon } = this.#options;
    const { values, gradient } = this.#weights;
    const { first, second } = this;
    tf.tidy(() => {
      first.assign(first.mul(beta1).add(gradient.mul(1 - beta1)));
      second.assign(second.mul(beta2).add(gradient.square().mul(1 - beta2)));
      const change = first.div(scale1).div(second.div(scale2).sqrt().add(epsilon));
      values.assign(values.sub(change.mul(rate)));
    });
  }

  /** Frees the running means. */
  dispose(): void {
    tf.dispose([this.first, this.second, this.#step]);
  }
}
