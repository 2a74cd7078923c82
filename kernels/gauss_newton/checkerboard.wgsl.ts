import type { Kernel } from "../gpu/gpu.ts";

const PARAMETERS = /* wgsl */ `
struct Parameters {
  ny: u32,
  planes: u32,
  quads: u32,     // of four neighbours, in a row of the image
  half: u32,      // of four voxels of one parity, in a row of the board
  entries: u32,   // vec4 of the board that belong together
  entry: u32,
  padding0: u32,
  padding1: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
override wx: u32 = 32;
override wy: u32 = 2;
`;

/** An image becomes an entry of a checkerboard: in each row the even voxels, then the odd ones. */
export const TO_CHECKERBOARD: Kernel = {
  label: "to checkerboard",
  code: /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> board: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.half || id.y >= p.ny || id.z >= p.planes) { return; }
  let row = id.z * p.ny + id.y;
  let a = image[row * p.quads + 2 * id.x];
  let b = image[row * p.quads + min(2 * id.x + 1, p.quads - 1)];
  let at = row * 2 * p.half + id.x;
  board[at * p.entries + p.entry] = vec4f(a.xz, b.xz);
  board[(at + p.half) * p.entries + p.entry] = vec4f(a.yw, b.yw);
}`,
};

/** A checkerboard of one entry becomes an image. */
export const FROM_CHECKERBOARD: Kernel = {
  label: "from checkerboard",
  code: /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> board: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> image: array<vec4f>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.half || id.y >= p.ny || id.z >= p.planes) { return; }
  let row = id.z * p.ny + id.y;
  let even = board[row * 2 * p.half + id.x];
  let odd = board[row * 2 * p.half + p.half + id.x];
  let at = row * p.quads + 2 * id.x;
  image[at] = vec4f(even.x, odd.x, even.y, odd.y);
  if (2 * id.x + 1 < p.quads) { image[at + 1] = vec4f(even.z, odd.z, even.w, odd.w); }
}`,
};
