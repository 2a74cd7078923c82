/**
 * What the convolution shaders share: their parameters, and reading and writing four channels of a
 * pixel where the channels are no multiple of four.
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
  unit: u32,
  batch: u32,
  // Rows of taps (of the first of the filter's uniform blocks).
  tapFrom: u32,
  tapTo: u32,`;

/** The uniform block of the tiles' kernel. */
export const CORRELATION_PARAMETERS = /* wgsl */ `
struct Parameters {${CORRELATION_FIELDS}
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

/** The uniform block of the registers' kernel, a dispatch of which adds a part of the sum. */
export const CORRELATION_PART_PARAMETERS = /* wgsl */ `
struct Parameters {${CORRELATION_FIELDS}
  // Quads of input channels.
  quadFrom: u32,
  quadTo: u32,
  outQuadFrom: u32,
  continued: u32,
  // Where a quad of the filter is.
  filterOrigin: i32,
  filterRow: i32,
  filterColumn: i32,
  filterInQuad: i32,
  filterOutQuad: i32,
  filterChannel: i32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

/** Pixels to read: in uniform memory, which software Vulkan reads faster, where their quads fit. */
export function imageArray(
  binding: number,
  name: string,
  whole: boolean,
  uniformQuads = 0,
): string {
  return uniformQuads > 0
    ? `@group(0) @binding(${binding}) var<uniform> ${name}: array<vec4f, ${uniformQuads}>;`
    : pixelArray(binding, name, whole);
}

/** A storage array of pixels with `channels` channels: as quads where they are whole, else as floats. */
export function pixelArray(binding: number, name: string, quads: boolean, access = "read"): string {
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${
    quads ? "vec4f" : "f32"
  }>;`;
}

/** WGSL: `fn NAME(pixel, quad, channels, quads) -> vec4f`, zeros past the last channel. */
export function loadQuad(name: string, array: string, quads: boolean): string {
  if (quads) {
    return `fn ${name}(pixel: u32, quad: u32, channels: u32, quads: u32) -> vec4f {
  return ${array}[pixel * quads + quad];
}`;
  }
  return `fn ${name}(pixel: u32, quad: u32, channels: u32, quads: u32) -> vec4f {
  let first = 4 * quad;
  let at = pixel * channels + first;
  var value = vec4f(${array}[at], 0, 0, 0);
  if (first + 1 < channels) { value.y = ${array}[at + 1]; }
  if (first + 2 < channels) { value.z = ${array}[at + 2]; }
  if (first + 3 < channels) { value.w = ${array}[at + 3]; }
  return value;
}`;
}

/** WGSL: `fn NAME(pixel, quad, channels, quads, value)`, nothing past the last channel. */
export function storeQuad(name: string, array: string, quads: boolean): string {
  if (quads) {
    return `fn ${name}(pixel: u32, quad: u32, channels: u32, quads: u32, value: vec4f) {
  ${array}[pixel * quads + quad] = value;
}`;
  }
  return `fn ${name}(pixel: u32, quad: u32, channels: u32, quads: u32, value: vec4f) {
  let first = 4 * quad;
  let at = pixel * channels + first;
  ${array}[at] = value.x;
  if (first + 1 < channels) { ${array}[at + 1] = value.y; }
  if (first + 2 < channels) { ${array}[at + 2] = value.z; }
  if (first + 3 < channels) { ${array}[at + 3] = value.w; }
}`;
}

/** The uniform block of the filter gradient's kernels. */
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
  // Rows of the output, over the whole batch, that one part sums.
  partRows: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;
