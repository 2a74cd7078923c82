/**
 * The cycle-GAN's losses (section 3.1, equations 1 to 4), each a scalar tensor with its gradient.
 *
 * Equation 1 is one sum that the discriminators make small by judging well and the generators by deceiving
 * them. As in the implementation that the paper starts from, it is played in two moves: the generators
 * minimise (1 - D(G(x)))^2 and the cycle loss, the discriminators half of equations 2 and 3.
 *
 * @module
 */

import { type Scalar, type Tensor, type Tensor4D, tf } from "../tensorflow.ts";

/**
 * What a generator pays for patches that are told from real ones: mean (1 - D)^2.
 *
 * @param judged - The discriminator's output for synthesised images.
 */
export function deceptionLoss(judged: Tensor4D): Scalar {
  return judged.sub(1).square().mean();
}

/**
 * Half of equation 2 or 3: mean of (1 - D(real))^2 and D(synthesised)^2.
 *
 * @param judged - The discriminator's output for a batch of one real and one synthesised image.
 */
export function judgementLoss(judged: Tensor4D): Scalar {
  return judged.sub(tf.tensor4d([1, 0], [2, 1, 1, 1])).square().mean();
}

/**
 * A term of equation 4: mean |again - original|. Its gradient is 0 where both are equal (tfjs's own for the
 * absolute value is not).
 */
export function cycleLoss(again: Tensor4D, original: Tensor4D): Scalar {
  const loss = tf.customGrad((...inputs) => {
    const save = inputs.pop() as unknown as (tensors: Tensor[]) => void;
    const [again, original] = inputs as Tensor[];
    const difference = again.sub(original);
    save([difference]);
    return {
      value: difference.abs().mean(),
      gradFunc: (dy: Tensor, saved: Tensor[]) => {
        const gradient = saved[0].sign().mul(dy.div(again.size));
        return [gradient, gradient.neg()];
      },
    };
  });
  return loss(again, original) as Scalar;
}
