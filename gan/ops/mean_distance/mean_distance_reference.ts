/**
 * Mean distances on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

/** Means over groups of consecutive values, and the gradient of their weighted sum. */
export interface MeanDistances {
  /** Mean distance per group. */
  readonly means: Float64Array;
  /** Gradient by the values. */
  readonly gradient: Float64Array;
}

/**
 * Computes the means of |values - others| or of (values - others)^2.
 *
 * @param groups - Number of groups.
 * @param weights - Weights of the groups in the sum whose gradient is computed.
 */
export function meanDistancesReference(
  distance: "absolute" | "square",
  [values, others]: readonly [ArrayLike<number>, ArrayLike<number>],
  groups: number,
  weights: ArrayLike<number>,
): MeanDistances {
  const means = new Float64Array(groups);
  const gradient = new Float64Array(values.length);
  const count = values.length / groups;
  for (let i = 0; i < values.length; i++) {
    const group = Math.floor(i / count);
    const difference = values[i] - others[i];
    const isSquare = distance === "square";
    means[group] += (isSquare ? difference ** 2 : Math.abs(difference)) / count;
    const slope = isSquare ? 2 * difference : Math.sign(difference);
    gradient[i] = weights[group] * slope / count;
  }
  return { means, gradient };
}
