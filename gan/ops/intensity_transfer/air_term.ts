/**
 * The part of an intensity transfer that tells air from tissue which an MR shows as dark: a voxel is air if it is dark,
 * and if a voxel beside it is as dark as air. A mixture of lung and muscle lies beside the lung; blood, bone and fluids
 * do not.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";

/** Intensities of an MR in [-1, 1], between which a property falls from whole to none. */
export type DarkRange = readonly [whole: number, none: number];

/** When a voxel is air. */
export interface AirRule {
  /** The voxel itself is dark. */
  readonly own: DarkRange;
  /** The darkest of the 3 x 3 pixels around it, with itself, is as dark as air. */
  readonly beside: DarkRange;
  /** What is subtracted from the logit of air. */
  readonly depth: number;
}

/**
 * Computes -depth own(x) beside(min(x)) with the minimum over 3 x 3 pixels of a channel; pixels outside the image do not
 * count.
 *
 * @param x - Images, [batch, height, width, channels] in [-1, 1].
 */
export function airTerm(x: tf.Tensor4D, { own, beside, depth }: AirRule): tf.Tensor4D {
  return tf.tidy(() => {
    const least = tf.neg(tf.maxPool(tf.neg(x) as tf.Tensor4D, 3, 1, "same"));
    return darkness(x, own).mul(darkness(least, beside)).mul(-depth) as tf.Tensor4D;
  });
}

/** 1 up to the first intensity, 0 from the second on, and linear between them. */
function darkness(x: tf.Tensor, [whole, none]: DarkRange): tf.Tensor {
  return x.mul(-1 / (none - whole)).add(none / (none - whole)).clipByValue(0, 1);
}
