/**
 * Shaders between images and checkerboards.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

const PARAMETERS = /* wgsl */ `
struct Parameters {
  rows: u32,       // rows per plane
  planes: u32,     // planes that are bound
  imageQuads: u32, // quads of four neighbours per row of the image
  halfQuads: u32,  // quads of four voxels of the same parity per row of the board
  entries: u32,    // interleaved images of the board
  entry: u32,      // the one that is written
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
override wx: u32 = 32;
override wy: u32 = 2;
`;

/** Copies an image into an entry of a checkerboard: in each row the even voxels, then the odd ones. */
export const TO_CHECKERBOARD: Kernel = {
  label: "Image to checkerboard",
  code: /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> board: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.halfQuads || id.y >= p.rows || id.z >= p.planes) { return; }
  let row = id.z * p.rows + id.y;
  let a = image[row * p.imageQuads + 2 * id.x];
  let b = image[row * p.imageQuads + min(2 * id.x + 1, p.imageQuads - 1)];
  let at = row * 2 * p.halfQuads + id.x;
  board[at * p.entries + p.entry] = vec4f(a.xz, b.xz);
  board[(at + p.halfQuads) * p.entries + p.entry] = vec4f(a.yw, b.yw);
}`,
};

/** Copies a checkerboard of one entry into an image. */
export const FROM_CHECKERBOARD: Kernel = {
  label: "Checkerboard to image",
  code: /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> board: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> image: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.halfQuads || id.y >= p.rows || id.z >= p.planes) { return; }
  let row = id.z * p.rows + id.y;
  let even = board[row * 2 * p.halfQuads + id.x];
  let odd = board[row * 2 * p.halfQuads + p.halfQuads + id.x];
  let at = row * p.imageQuads + 2 * id.x;
  image[at] = vec4f(even.x, odd.x, even.y, odd.y);
  if (2 * id.x + 1 < p.imageQuads) { image[at + 1] = vec4f(even.z, odd.z, even.w, odd.w); }
}`,
};
