/**
 * The Gaussian windows of the structure losses, in pixels.
 *
 * @module
 */

/** A Gaussian window. */
export interface Window {
  /** Standard deviation, pixels. */
  readonly sigma: number;
  /** Largest distance from the middle along each axis, pixels. */
  readonly radius: number;
}

/** The patches of MIND (Heinrich et al. 2012): the smallest ones, as in the registration. */
export const MIND_WINDOW: Window = { sigma: 0.7, radius: 2 };

/** The windows of local correlation. */
export const CORRELATION_WINDOW: Window = { sigma: 2, radius: 5 };

/** Offsets of the neighbours with which MIND compares a patch: (rows, columns). */
export const MIND_OFFSETS: readonly (readonly [number, number])[] = [
  [0, 1],
  [0, -1],
  [1, 0],
  [-1, 0],
];

/** Weights along one axis, from -radius to radius; their sum is 1. */
export function windowWeights({ sigma, radius }: Window): number[] {
  const weights = Array.from(
    { length: 2 * radius + 1 },
    (_, i) => Math.exp(-((i - radius) ** 2) / (2 * sigma ** 2)),
  );
  const sum = weights.reduce((a, b) => a + b);
  return weights.map((weight) => weight / sum);
}
