/**
 * The uniform blocks of the convolution shaders.
 *
 * @module
 */

const CORRELATION_FIELDS = /* wgsl */ `
  inHeight: i32,
  inWidth: i32,
  inChannels: u32,
  inQuads: u32,
  rows: u32,
  columns: u32,
  outChannels: u32,
  padTop: i32,
  padLeft: i32,
  outHeight: u32,
  outWidth: u32,
  outStride: u32,
  outY: u32,
  outX: u32,
  // Quads per row of taps and quad of input channels in the packed filter.
  unit: u32,
  batch: u32,
  // Rows of taps, [tapFrom, tapTo), in the first uniform block of the filter.
  tapFrom: u32,
  tapTo: u32,
  // Images of group g pass through the network firstNetwork + networkStep g.
  firstNetwork: i32,
  networkStep: i32,
  groupImages: u32,
  networks: u32,`;

/** Uniform block of the correlation in tiles. */
export const CORRELATION_PARAMETERS = /* wgsl */ `
struct Parameters {${CORRELATION_FIELDS}
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

/** Uniform block of the correlation in registers; one dispatch adds one part of the sums. */
export const CORRELATION_PART_PARAMETERS = /* wgsl */ `
struct Parameters {${CORRELATION_FIELDS}
  // Quads of input channels.
  quadFrom: u32,
  quadTo: u32,
  outQuadFrom: u32,
  // 1 if the output holds the sums of earlier parts.
  continued: u32,
  // Index of the first quad of the filter in its uniform block, and steps between quads.
  filterOrigin: i32,
  filterRow: i32,
  filterColumn: i32,
  filterInQuad: i32,
  filterOutQuad: i32,
  filterChannel: i32,
  filterNetwork: i32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

/** Uniform block of both kernels of the filter gradient. */
export const FILTER_GRADIENT_PARAMETERS = /* wgsl */ `
struct Parameters {
  batch: u32,
  inHeight: i32,
  inWidth: i32,
  inChannels: u32,
  inQuads: u32,
  outHeight: u32,
  outWidth: u32,
  outChannels: u32,
  outQuads: u32,
  tapRows: u32,
  padTop: i32,
  padLeft: i32,
  // Rows of the output, counted over the images of a group, per part, and parts per group of images.
  partRows: u32,
  parts: u32,
  groupImages: u32,
  // Quads: the first sum of the first network's first part, and steps between networks, parts and taps.
  sumOrigin: i32,
  sumGroup: i32,
  sumPart: i32,
  sumTap: i32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;
