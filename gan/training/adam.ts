/**
 * Adam (Kingma and Ba 2015, algorithm 1) on tfjs variables. Its state can be saved.
 *
 * @module
 */

import type { Complete } from "../../host/defaults.ts";
import { adamStep } from "./adam.wgsl.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";

/** Options of {@link Adam}. */
export interface AdamOptions {
  /** Decay of the mean of gradients. Default 0.5, the value of the paper's base implementation. */
  readonly beta1?: number | undefined;
  /** Decay of the mean of squared gradients. Default 0.999. */
  readonly beta2?: number | undefined;
  /** Number that keeps the quotient finite. Default 1e-8. */
  readonly epsilon?: number | undefined;
}

/** Optimises a fixed list of variables. */
export class Adam {
  /** Number of steps taken. */
  steps = 0;
  /** Running means of the gradients, one per variable. */
  readonly first: readonly tf.Variable[];
  /** Running means of the squared gradients, one per variable. */
  readonly second: readonly tf.Variable[];
  readonly #tensorflow: Tensorflow;
  readonly #variables: readonly tf.Variable[];
  readonly #options: Complete<AdamOptions>;
  readonly #step: tf.Variable;

  /** Makes an optimiser of these variables, before its first step. */
  constructor(
    tensorflow: Tensorflow,
    variables: readonly tf.Variable[],
    { beta1 = 0.5, beta2 = 0.999, epsilon = 1e-8 }: AdamOptions = {},
  ) {
    this.#tensorflow = tensorflow;
    this.#variables = variables;
    this.#options = { beta1, beta2, epsilon };
    const zero = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape), false));
    const zeros = () => variables.map((variable) => zero(variable.shape));
    this.first = zeros();
    this.second = zeros();
    this.#step = zero([4]);
  }

  /**
   * Takes one step.
   *
   * @param parts - The gradient, or two parts whose sum is the gradient: one tensor per variable, in their order.
   * @param learningRate - Learning rate of this step.
   */
  apply(
    parts: readonly [readonly tf.Tensor[], (readonly tf.Tensor[])?],
    learningRate: number,
  ): void {
    this.steps++;
    const { beta1, beta2, epsilon } = this.#options;
    const scales = [learningRate, 1 - beta1 ** this.steps, 1 - beta2 ** this.steps, 0];
    if (this.#tensorflow.ops === "stock") return this.#applyStock(parts, scales);
    const { runner, gpu } = this.#tensorflow;
    const step = runner.handle(this.#step);
    // The queue writes immediately, before dispatches that wait (the first upload of the tensor is one): submit them.
    runner.flush();
    gpu.device.queue.writeBuffer(step, 0, new Float32Array(scales));
    this.#variables.forEach((variable, i) => {
      const whole = variable.size % 4 === 0;
      const count = whole ? variable.size / 4 : variable.size;
      const gradients = parts.map((part) => part![i]);
      const key = `Adam ${variable.size} ${beta1} ${beta2} ${epsilon} ${gradients.length}`;
      const plan = runner.cached(key, () => {
        const groups = Math.ceil(count / 64);
        const rows = Math.ceil(groups / gpu.device.limits.maxComputeWorkgroupsPerDimension);
        return runner.plan({
          kernel: adamStep(whole ? "vec4f" : "f32", gradients.length === 2),
          parameters: { count, beta1, beta2, epsilon },
          workgroups: [Math.ceil(groups / rows), rows],
        });
      });
      const written = [variable, this.first[i], this.second[i]];
      runner.run(plan, [this.#step, ...written, ...gradients]);
      for (const tensor of written) runner.changed(tensor);
    });
  }

  /** Takes a step with the kernels of tfjs. */
  #applyStock(
    parts: readonly [readonly tf.Tensor[], (readonly tf.Tensor[])?],
    [rate, scale1, scale2]: readonly number[],
  ): void {
    const { beta1, beta2, epsilon } = this.#options;
    tf.tidy(() =>
      this.#variables.forEach((variable, i) => {
        const g = tf.addN(parts.map((part) => part![i]));
        const m = this.first[i];
        const v = this.second[i];
        m.assign(m.mul(beta1).add(g.mul(1 - beta1)));
        v.assign(v.mul(beta2).add(g.square().mul(1 - beta2)));
        const change = m.div(scale1).div(v.div(scale2).sqrt().add(epsilon));
        variable.assign(variable.sub(change.mul(rate)));
      })
    );
  }

  /** Frees the running means. */
  dispose(): void {
    tf.dispose([...this.first, ...this.second, this.#step]);
  }
}
