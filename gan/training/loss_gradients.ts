/**
 * Gradients of a loss by the weights of networks.
 *
 * @module
 */

import { tf } from "../tensorflow.ts";

/** Result of {@link lossGradients}; the caller disposes all tensors. */
export interface LossGradients<Parts> {
  /** The loss. */
  readonly loss: tf.Scalar;
  /** Gradients by the variables, in their order. */
  readonly gradients: tf.Tensor[];
  /** Tensors that `forward` returned next to the loss. */
  readonly parts: Parts;
}

/**
 * Computes a loss and its gradients.
 *
 * @param variables - Trainable variables.
 * @param forward - Computes the loss, and tensors on the way to it that outlive the computation.
 */
export function lossGradients<Parts extends Readonly<Record<string, tf.Tensor>>>(
  variables: readonly tf.Variable[],
  forward: () => { readonly loss: tf.Scalar; readonly parts: Parts },
): LossGradients<Parts> {
  const results: Parts[] = [];
  const { value, grads } = tf.variableGrads(() => {
    const { loss, parts } = forward();
    for (const tensor of Object.values(parts)) tf.keep(tensor);
    results.push(parts);
    return loss;
  }, [...variables]);
  return { loss: value, gradients: variables.map(({ name }) => grads[name]), parts: results[0] };
}
