/**
 * Losses of the cycle-GAN (section 3.1, equations 1 to 4). Each is a scalar tensor with a gradient.
 *
 * Equation 1 is one adversarial objective. As in the paper's base implementation, it is optimised in two steps: the
 * generators minimise (1 - D(G(x)))^2 and the cycle loss, and the discriminators minimise half of equations 2 and 3.
 *
 * @module
 */

import { meanAbsoluteDifferences, meanSquares } from "../ops/mean_distance/mean_distance.ts";
import { type Scalar, type Tensor, type Tensor1D, type Tensor4D, tf } from "../tensorflow.ts";

/**
 * The adversarial loss of a generator: mean (1 - D)^2.
 *
 * @param judged - Output of the discriminator for synthesised images.
 */
export function deceptionLoss(judged: Tensor4D): Scalar {
  return judged.sub(1).square().mean();
}

/**
 * The loss of a discriminator, half of equation 2 or 3: the mean of (1 - D(real))^2 and D(synthesised)^2.
 *
 * @param judged - Output of the discriminator for a batch of one real and one synthesised image.
 */
export function judgementLoss(judged: Tensor4D): Scalar {
  return judged.sub(tf.tensor4d([1, 0], [2, 1, 1, 1])).square().mean();
}

/**
 * A term of the regression on registered pairs: the mean of weight |synthesised - registered|.
 *
 * @param weight - Weights of the pixels, of the same shape.
 */
export function regressionLoss(
  synthesised: Tensor4D,
  { registered, weight }: { readonly registered: Tensor4D; readonly weight: Tensor4D },
): Scalar {
  const loss = tf.customGrad((...inputs) => {
    const save = inputs.pop() as unknown as (tensors: Tensor[]) => void;
    const difference = (inputs[0] as Tensor).sub(registered);
    save([difference.sign().mul(weight)]);
    return {
      value: difference.abs().mul(weight).mean(),
      gradFunc: (dy: Tensor, saved: Tensor[]) => saved[0].mul(dy.div(synthesised.size)),
    };
  });
  return loss(synthesised) as Scalar;
}

/**
 * A term of equation 4: mean |again - original|. Its gradient is 0 where both are equal; the gradient that tfjs has
 * for the absolute value is not.
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

/**
 * The adversarial losses of generators: the mean of (1 - D)^2 per image.
 *
 * @param judged - Output of the discriminators for synthesised images, [batch, rows, columns, 1].
 * @returns Losses, [batch].
 */
export function deceptionLosses(judged: Tensor4D): Tensor1D {
  return meanSquares(judged, { groups: judged.shape[0], targets: [1, 1] });
}

/**
 * The losses of discriminators, half of equations 2 and 3 each.
 *
 * @param judged - Outputs for pairs of a real and a synthesised image, [2 discriminators, rows, columns, 1].
 * @returns Losses, [discriminators].
 */
export function judgementLosses(judged: Tensor4D): Tensor1D {
  return meanSquares(judged, { groups: judged.shape[0] / 2, targets: [1, 0] });
}

/** The terms of equation 4: the mean of |again - original| per image, [batch]. */
export function cycleLosses(again: Tensor4D, original: Tensor4D): Tensor1D {
  return meanAbsoluteDifferences(again, original);
}
