/**
 * Agreement of registered pairs: where both images show the same structure.
 *
 * The registration of different subjects leaves errors. A regression on all voxels would average thin structures, such
 * as the cortex of bones, with what lies beside them.
 *
 * @module
 */

import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import type { Triple } from "../volume/affine.ts";

/** Standard deviation and radius of the windows, voxels. */
const SIGMA = 1.5;
const RADIUS = 3;
/** Variances, in squared units of [-1, 1], below which a window counts as flat. */
const FLOORS = { ct: 0.002, mr: 0.0036 } as const;
/** Smallest weight before the weights are scaled to a mean of 1. */
const MIN_WEIGHT = 0.05;

/**
 * Adds weights to a pair: 1 where the local structure of both images agrees, also with the opposite contrast, or both
 * are flat; small where only one of them has an edge. The mean of the weights is 1.
 *
 * With the local variances a and b, their floors, and the squared local covariance c^2, the disagreement is
 * d = var_a / a + var_b / b - 2 c^2 / (a b), as in the structure loss, and the weight max(0.05, 1 - d).
 */
export function withAgreement(pair: RegisteredPair): RegisteredPair {
  const { grid: { size }, ct, mr } = pair;
  const mean = (value: (i: number) => number) =>
    gaussianMean(Float32Array.from({ length: ct.length }, (_, i) => value(i)), size);
  const meanCt = mean((i) => ct[i]);
  const meanMr = mean((i) => mr[i]);
  const squareCt = mean((i) => ct[i] * ct[i]);
  const squareMr = mean((i) => mr[i] * mr[i]);
  const product = mean((i) => ct[i] * mr[i]);
  const weight = new Float32Array(ct.length);
  let sum = 0;
  for (let i = 0; i < weight.length; i++) {
    const varianceCt = Math.max(0, squareCt[i] - meanCt[i] ** 2);
    const varianceMr = Math.max(0, squareMr[i] - meanMr[i] ** 2);
    const covariance = product[i] - meanCt[i] * meanMr[i];
    const a = varianceCt + FLOORS.ct;
    const b = varianceMr + FLOORS.mr;
    const disagreement = varianceCt / a + varianceMr / b - 2 * covariance ** 2 / (a * b);
    weight[i] = Math.max(MIN_WEIGHT, 1 - disagreement);
    sum += weight[i];
  }
  const scale = weight.length / sum;
  return { ...pair, weight: weight.map((value) => value * scale) };
}

/** The Gaussian mean of a volume, separable; the border is repeated. */
function gaussianMean(values: Float32Array, size: Triple): Float32Array {
  const weights = Array.from(
    { length: 2 * RADIUS + 1 },
    (_, i) => Math.exp(-((i - RADIUS) ** 2) / (2 * SIGMA ** 2)),
  );
  const total = weights.reduce((a, b) => a + b);
  const strides = [1, size[0], size[0] * size[1]];
  let from = values;
  for (let axis = 0; axis < 3; axis++) {
    const stride = strides[axis];
    const last = size[axis] - 1;
    const to = new Float32Array(from.length);
    for (let i = 0; i < from.length; i++) {
      const at = Math.floor(i / stride) % size[axis];
      let sum = 0;
      for (let j = -RADIUS; j <= RADIUS; j++) {
        const other = Math.min(last, Math.max(0, at + j));
        sum += weights[j + RADIUS] * from[i + (other - at) * stride];
      }
      to[i] = sum / total;
    }
    from = to;
  }
  return from;
}
