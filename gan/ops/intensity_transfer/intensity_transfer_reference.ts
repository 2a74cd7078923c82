/**
 * The intensity transfer on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

/** A value of a curve, and the curve's slope there. */
export interface CurvePoint {
  /** The value. */
  readonly value: number;
  /** The derivative by the intensity; 0 beyond the outer nodes. */
  readonly slope: number;
}

/** Evaluates a curve whose nodes lie in the middles of equal parts of [-1, 1]. */
export function curvePoint(curve: ArrayLike<number>, x: number): CurvePoint {
  const nodes = curve.length;
  const t = (x + 1) / 2 * nodes - 0.5;
  if (t <= 0) return { value: curve[0], slope: 0 };
  if (t >= nodes - 1) return { value: curve[nodes - 1], slope: 0 };
  const node = Math.floor(t);
  const rise = curve[node + 1] - curve[node];
  return { value: curve[node] + (t - node) * rise, slope: rise * nodes / 2 };
}
