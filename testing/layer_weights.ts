/** Weights of a single layer in tests, and the gradient by them. */

import type { GradientRange, LayerWeights } from "../gan/ops/networks_of_images.ts";
import { hasOwnConvolutions } from "../gan/ops/convolution/tfjs_convolutions.ts";
import { tf } from "../gan/tensorflow.ts";

/** A layer whose weights lie behind others in a flat tensor, and whose gradient begins with given values. */
export class TestLayer implements LayerWeights {
  readonly shape: readonly number[];
  readonly values: LayerWeights["values"];
  readonly root: tf.Tensor;
  readonly freesTensors = false;
  readonly #gradient: tf.Tensor;
  #accumulate = false;
  /** Values ahead of the layer: a multiple of 256 bytes. */
  static readonly OFFSET = 64;

  constructor(shape: readonly number[], values: ArrayLike<number>) {
    this.shape = shape;
    const flat = new Float32Array(TestLayer.OFFSET + values.length).fill(99);
    flat.set(Array.from(values), TestLayer.OFFSET);
    const tensor = tf.tensor1d(flat);
    this.values = { tensor, offset: 4 * TestLayer.OFFSET, bytes: 4 * values.length };
    this.#gradient = tf.tensor1d(new Float32Array(flat.length).fill(7));
    this.root = hasOwnConvolutions() ? tf.tensor1d([0]) : tensor;
  }

  /** The next gradient is added to the last one. */
  accumulate(): void {
    this.#accumulate = true;
  }

  readonly gradient = (): GradientRange => {
    const { offset, bytes } = this.values;
    return { tensor: this.#gradient, offset, bytes, accumulate: this.#accumulate };
  };

  /** Gradients of `compute` by x, and by the weights as values; the caller disposes the tensors. */
  async gradients(
    compute: (x: tf.Tensor[]) => tf.Tensor,
    x: tf.Tensor[],
    dy?: tf.Tensor,
  ): Promise<{ byX: tf.Tensor[]; byWeights: Float32Array }> {
    const isOwn = hasOwnConvolutions();
    const inputs = isOwn ? x : [...x, this.values.tensor];
    const gradients = tf.tidy(() => tf.grads((...all) => compute(all))(inputs, dy));
    const flat = isOwn ? this.#gradient : gradients.pop()!;
    const byWeights = (await flat.data() as Float32Array).slice(TestLayer.OFFSET);
    if (!isOwn) flat.dispose();
    return { byX: gradients, byWeights };
  }

  /** The weights' gradient that our kernels have written. */
  async written(): Promise<Float32Array> {
    return (await this.#gradient.data() as Float32Array).slice(TestLayer.OFFSET);
  }

  dispose(): void {
    tf.dispose([this.values.tensor, this.#gradient]);
    if (!this.root.isDisposed) this.root.dispose();
  }
}
