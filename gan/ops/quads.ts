/**
 * Quads: four consecutive channels of a pixel, which the kernels read as one vec4f.
 *
 * @module
 */

/** Bytes of a uniform block that every WebGPU device can bind. */
export const UNIFORM_BYTES = 65536;

/** Number of quads that hold this number of channels; the last quad may be partly filled. */
export function quadsOf(channels: number): number {
  return Math.ceil(channels / 4);
}

/** Number of quads of images, if they fit a uniform block and their channels fill whole quads; otherwise 0. */
export function uniformQuads(pixels: number, channels: number): number {
  const quads = pixels * channels / 4;
  return channels % 4 === 0 && 16 * quads <= UNIFORM_BYTES ? quads : 0;
}

/** Number of channels of a quad that a kernel computes: fewer than four if there is a single quad with fewer. */
export function channelsPerQuad(channels: number): number {
  return Math.min(4, channels);
}
