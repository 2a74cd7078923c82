/**
 * WGSL that the shaders of the networks share: arrays of pixels, and functions that read and write the quads
 * of a pixel, for any number of channels.
 *
 * @module
 */

/** Images to read. Software Vulkan reads uniform memory faster than storage memory, so they lie there if they fit. */
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

/** A storage array of pixels: an array of quads if the channels fill whole quads, otherwise an array of floats. */
export function pixelArray(binding: number, name: string, quads: boolean, access = "read"): string {
  return `@group(0) @binding(${binding}) var<storage, ${access}> ${name}: array<${
    quads ? "vec4f" : "f32"
  }>;`;
}

/** WGSL of `fn NAME(pixel, quad, channels, quads) -> vec4f`, which reads a quad; missing channels are 0. */
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

/** WGSL of `fn NAME(pixel, quad, channels, quads, value)`, which writes the channels of a quad that exist. */
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

/** The first channels of a quad as a WGSL value: its type, the swizzle that takes it, and the quad with zeros added. */
export interface PartOfQuad {
  /** The type. */
  readonly type: string;
  /** The swizzle. */
  readonly swizzle: string;
  /** Returns the expression of a quad whose other channels are 0. */
  readonly quad: (value: string) => string;
}

/** The first `channels` channels of a quad, 1 to 4. */
export function partOfQuad(channels: number): PartOfQuad {
  return {
    type: ["f32", "vec2f", "vec3f", "vec4f"][channels - 1],
    swizzle: channels === 4 ? "" : `.${"xyz".slice(0, channels)}`,
    quad: (value) => channels === 4 ? value : `vec4f(${value}${", 0".repeat(4 - channels)})`,
  };
}
