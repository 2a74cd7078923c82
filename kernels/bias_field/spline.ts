/**
 * Cubic B-splines over the samples of an image, one axis at a time: the control points that a sample depends
 * on, their weights, and the refinement of a lattice to twice the resolution.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** The dependence of the samples along an axis on its control points. */
export interface SplineAxis {
  /** Number of samples along the axis. */
  readonly samples: number;
  /** Number of control points along the axis: spans + 3. */
  readonly knots: number;
  /** The first of the four control points of each sample. */
  readonly first: Uint32Array;
  /** The four weights of each sample; they add up to 1. */
  readonly weights: Float64Array;
}

/** The axes of an image. */
export type SplineAxes = readonly [SplineAxis, SplineAxis, SplineAxis];

/** Options of {@link splineAxis}. */
export interface SplineAxisOptions {
  /** Number of points of the domain, which reaches from the first to the last point. */
  readonly length: number;
  /** Number of polynomial pieces in the domain. */
  readonly spans: number;
  /** Position of the first sample, in points. Default 0. */
  readonly offset?: number | undefined;
  /** Distance between neighbouring samples, in points. Default 1. */
  readonly step?: number | undefined;
  /** Number of samples. Default `length`. */
  readonly samples?: number | undefined;
}

/**
 * Places samples in a uniform cubic B-spline (Lee, Wolberg and Shin 1997, eq. 1). A sample beyond the
 * domain takes the value at the nearer end of the domain.
 *
 * @throws {RangeError} when `spans` is not a positive whole number.
 */
export function splineAxis(options: SplineAxisOptions): SplineAxis {
  const { length, spans, offset = 0, step = 1, samples = length } = options;
  if (!Number.isInteger(spans) || spans < 1) {
    throw new RangeError(`\`spans\` must be a positive whole number, got ${spans}`);
  }
  const first = new Uint32Array(samples);
  const weights = new Float64Array(4 * samples);
  for (let i = 0; i < samples; i++) {
    const share = length > 1 ? (offset + step * i) / (length - 1) : 0;
    const position = spans * Math.min(Math.max(share, 0), 1);
    first[i] = Math.min(Math.floor(position), spans - 1);
    weights.set(cubicWeights(position - first[i]), 4 * i);
  }
  return { samples, knots: spans + 3, first, weights };
}

/** The weights of four neighbouring control points at `t` (0 to 1) spans after the second. */
export function cubicWeights(t: number): [number, number, number, number] {
  const s = 1 - t;
  return [
    s * s * s / 6,
    (4 + t * t * (3 * t - 6)) / 6,
    (4 + s * s * (3 * s - 6)) / 6,
    t * t * t / 6,
  ];
}

/**
 * The same spline with every span halved: 2 n - 3 control points along an axis that had n.
 *
 * @param size - Number of control points along x, y, z.
 * @param lattice - Values of the control points, x fastest.
 */
export function refineLattice(
  size: Triple,
  lattice: ArrayLike<number>,
): { size: Triple; lattice: Float32Array } {
  let from = Float64Array.from(lattice);
  const shape: [number, number, number] = [...size];
  for (let axis = 0; axis < 3; axis++) {
    const inner = shape.slice(0, axis).reduce((product, n) => product * n, 1);
    const coarse = shape[axis];
    const fine = 2 * coarse - 3;
    const to = new Float64Array(from.length / coarse * fine);
    for (let i = 0; i < to.length; i++) {
      const k = Math.floor(i / inner) % fine;
      const below = Math.floor(k / 2);
      const at = (Math.floor(i / inner / fine) * coarse + below) * inner + i % inner;
      to[i] = k % 2 === 0
        ? (from[at] + from[at + inner]) / 2
        : (from[at] + 6 * from[at + inner] + from[at + 2 * inner]) / 8;
    }
    shape[axis] = fine;
    from = to;
  }
  return { size: shape, lattice: Float32Array.from(from) };
}
