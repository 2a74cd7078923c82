/**
 * Gradients of a loss by the weights of networks.
 *
 * @module
 */

import type { NetworkWeights } from "../networks/network_weights.ts";
import { tf } from "../tensorflow.ts";

/**
 * Computes a loss and writes its gradient by the weights to `weights.gradient`.
 *
 * @param weights - Trained weights.
 * @param forward - Computes the loss, and tensors on the way to it that outlive the computation.
 * @returns The tensors on the way to the loss; the caller disposes them.
 */
export function lossGradients<Parts extends Readonly<Record<string, tf.Tensor>>>(
  weights: NetworkWeights,
  forward: () => { readonly loss: tf.Scalar; readonly parts: Parts },
): Parts {
  const results: Parts[] = [];
  const value = weights.train(() => {
    const { loss, parts } = forward();
    for (const tensor of Object.values(parts)) tf.keep(tensor);
    results.push(parts);
    return loss;
  });
  value.dispose();
  return results[0];
}
