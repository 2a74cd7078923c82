/**
 * The Gaussian windows of the local correlation along one axis: their weights and the lattice of their
 * centres.
 *
 * @module
 */

/** The windows along one axis. */
export interface WindowAxis {
  /** Weights from the centre outwards; the sum over the whole window is 1. */
  readonly weights: Float64Array;
  /** Voxels from one window centre to the next; the first centre is voxel 0. */
  readonly stride: number;
  /** Number of window centres; the last is at or beyond the last voxel. */
  readonly centres: number;
}

/** The radius of a window in standard deviations. */
const CUT = 2.5;

/**
 * Standard deviations from one centre to the next. With a spacing of s, the sum of the windows varies by
 * 2 exp(-2 pi^2 / s^2) along the axis: by less than 2e-3 for s up to 1.67, the maximum after the spacing is
 * rounded to whole voxels.
 */
const STEP = 1.25;

/**
 * The windows with a standard deviation of `sigma` voxels along an axis of `voxels` voxels.
 *
 * @throws {RangeError} when `sigma` is not above 0.
 */
export function windowAxis(voxels: number, sigma: number): WindowAxis {
  if (!(sigma > 0 && Number.isFinite(sigma))) {
    throw new RangeError(`\`window\` must be above 0 mm, got ${sigma} voxels`);
  }
  const radius = Math.max(1, Math.ceil(CUT * sigma));
  // Centres far apart are multiples of four voxels, the quads of the kernels.
  const step = Math.max(1, Math.round(STEP * sigma));
  const stride = step > 6 ? Math.max(step - step % 4, 8) : step;
  const raw = Float64Array.from(
    { length: radius + 1 },
    (_, k) => Math.exp(-0.5 * k * k / (sigma * sigma)),
  );
  const sum = raw.reduce((total, w, k) => total + (k === 0 ? w : 2 * w), 0);
  return {
    weights: raw.map((w) => w / sum),
    stride,
    centres: Math.ceil((voxels - 1) / stride) + 1,
  };
}

/**
 * The number of window centres along x that one invocation computes, so that it begins and ends with whole
 * quads.
 */
export function centresPerInvocation(stride: number): number {
  let together = stride % 4 === 0 ? 1 : stride % 2 === 0 ? 2 : 4;
  while (2 * together <= 4 && 2 * together * stride <= 16) together *= 2;
  return together;
}

/**
 * The number of rows or planes, a multiple of the stride, that one invocation computes from the window
 * centres around them.
 */
export function rowsPerInvocation(stride: number): number {
  return stride * Math.max(1, Math.floor(4 / stride));
}
