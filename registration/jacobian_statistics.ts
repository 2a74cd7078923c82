/**
 * Statistics of the Jacobian determinants of a deformation.
 *
 * @module
 */

/** Folds and spread of a deformation. */
export interface JacobianStatistics {
  /** Voxels with J <= 0, percent. */
  readonly foldedPercent: number;
  /** Standard deviation of log(max(J, 1e-9)). */
  readonly sdLog: number;
  /** Learn2Reg's SD log J, of log(min(max(J + 3, 1e-9), 1e9)); it is smaller than `sdLog`. */
  readonly sdLogLearn2Reg: number;
  /** Minimum of J. */
  readonly least: number;
  /** Maximum of J. */
  readonly most: number;
}

/** Statistics over all voxels, or over the voxels where the mask is not 0. */
export function jacobianStatistics(
  determinants: Float32Array,
  mask?: ArrayLike<number>,
): JacobianStatistics {
  let count = 0;
  let folded = 0;
  let least = Infinity;
  let most = -Infinity;
  const sums = [0, 0, 0, 0];
  for (let i = 0; i < determinants.length; i++) {
    if (mask !== undefined && !mask[i]) continue;
    const j = determinants[i];
    count++;
    if (j <= 0) folded++;
    least = Math.min(least, j);
    most = Math.max(most, j);
    const log = Math.log(Math.max(j, 1e-9));
    const shifted = Math.log(Math.min(Math.max(j + 3, 1e-9), 1e9));
    sums[0] += log;
    sums[1] += log * log;
    sums[2] += shifted;
    sums[3] += shifted * shifted;
  }
  const deviation = (sum: number, squares: number) =>
    Math.sqrt(Math.max(0, squares / count - (sum / count) ** 2));
  return {
    foldedPercent: 100 * folded / count,
    sdLog: deviation(sums[0], sums[1]),
    sdLogLearn2Reg: deviation(sums[2], sums[3]),
    least,
    most,
  };
}
