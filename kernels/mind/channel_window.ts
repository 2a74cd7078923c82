/**
 * The windows of the local correlation of descriptors along one axis. The image is cut into blocks of a few voxels, and
 * a window is a block and its two neighbours with less weight: each voxel is read once, for its block, and the windows
 * overlap in the few values of the blocks only.
 *
 * @module
 */

/** The windows along every axis. */
export interface ChannelWindow {
  /** Voxels of a block along each axis. */
  readonly width: number;
  /** The weight of the block before and of the block after the central one, whose weight is 1 - 2 side. */
  readonly side: number;
}

/** The largest weight of a neighbour; with 1/4 the weights fall evenly: 1, 2, 1. */
const MAX_SIDE = 0.25;

/**
 * The window with a standard deviation of `sigma` voxels, of the narrowest blocks with which its weights fall evenly or
 * more steeply. The variance is that of a block and that between blocks, (w^2 - 1) / 12 + 2 side w^2.
 *
 * @throws {RangeError} when `sigma` is not above 0.
 */
export function channelWindow(sigma: number): ChannelWindow {
  if (!(sigma > 0 && Number.isFinite(sigma))) {
    throw new RangeError(`\`channelWindow\` must be above 0 voxels, got ${sigma}`);
  }
  const sideOf = (width: number) => (sigma ** 2 - (width ** 2 - 1) / 12) / (2 * width ** 2);
  let width = 1;
  while (sideOf(width) > MAX_SIDE) width++;
  return { width, side: Math.max(sideOf(width), 0) };
}
