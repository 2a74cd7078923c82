/**
 * The agreement of a synthesised image with the true image of the same body.
 *
 * @module
 */

import type { TissueMasks } from "./tissue_masks.ts";

/** The result of {@link synthesisAgreement}. */
export interface SynthesisAgreement {
  /** Mean absolute difference in the body, in the unit of the images. */
  readonly error: number;
  /**
   * Pearson's correlation in soft tissue: 1 where the contrast of soft tissue is right, negative where it is
   * inverted, NaN where one of the images is constant.
   */
  readonly correlation: number;
}

/** Compares two images of one unit, such as shares of their ranges. */
export function synthesisAgreement(
  synthesis: Float32Array,
  truth: Float32Array,
  { body, softTissue }: TissueMasks,
): SynthesisAgreement {
  let sum = 0;
  let count = 0;
  for (let i = 0; i < synthesis.length; i++) {
    if (body[i] === 0) continue;
    sum += Math.abs(synthesis[i] - truth[i]);
    count++;
  }
  return { error: sum / count, correlation: correlationIn(synthesis, truth, softTissue) };
}

function correlationIn(a: Float32Array, b: Float32Array, mask: Uint8Array): number {
  const meanIn = (value: (i: number) => number) => {
    let sum = 0;
    let count = 0;
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] === 0) continue;
      sum += value(i);
      count++;
    }
    return sum / count;
  };
  const meanA = meanIn((i) => a[i]);
  const meanB = meanIn((i) => b[i]);
  const covariance = meanIn((i) => (a[i] - meanA) * (b[i] - meanB));
  const varianceA = meanIn((i) => (a[i] - meanA) ** 2);
  const varianceB = meanIn((i) => (b[i] - meanB) ** 2);
  return covariance / Math.sqrt(varianceA * varianceB);
}
