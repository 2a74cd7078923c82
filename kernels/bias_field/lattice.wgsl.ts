/**
 * Shaders of the fit and the evaluation of a lattice of B-spline control points.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

/** The uniform block and the weights of the kernels along x. */
const ALONG_X = /* wgsl */ `
struct Parameters {
  knots: u32,  // control points per row
  quads: u32,  // quads per row of voxels and of weights
  rows: u32,   // rows per plane
  planes: u32, // planes of the slab
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
`;

/** Along x: weighted sums over the samples of each row, one per control point; weights beyond the row are 0. */
export const GATHER_ROWS: Kernel = {
  label: "N4 lattice sums along x",
  code: /* wgsl */ `
${ALONG_X}@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> rows: array<f32>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.knots || id.y >= p.rows || id.z >= p.planes) { return; }
  let row = id.z * p.rows + id.y;
  let range = ranges[id.x];
  var sum = vec4f(0);
  for (var quad = range.x / 4; quad < (range.y + 3) / 4; quad++) {
    sum += weights[id.x * p.quads + quad] * source[row * p.quads + quad];
  }
  rows[row * p.knots + id.x] = dot(sum, vec4f(1));
}`,
};

const AXIS = /* wgsl */ `
struct Parameters {
  inner: u32,      // elements from one sample or control point to the next along the axis
  samples: u32,    // samples along the axis in the slab
  outer: u32,      // lines along the axis, divided by inner
  knots: u32,      // control points along the axis
  begin: u32,      // first sample of the slab
  pitch: u32,      // elements from the weights of one control point to those of the next
  accumulate: u32, // 1: add to the sums of the slabs before
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
override wx: u32 = 32;
override wy: u32 = 2;
`;

/** Along y or z: weighted sums over samples, one per control point. */
export const GATHER_AXIS: Kernel = {
  label: "N4 lattice sums along y or z",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<f32>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.inner || id.y >= p.knots || id.z >= p.outer) { return; }
  let range = ranges[id.y];
  let last = min(range.y, p.begin + p.samples);
  var sum = 0.0;
  for (var i = max(range.x, p.begin); i < last; i++) {
    sum += weights[id.y * p.pitch + i] *
      source[(id.z * p.samples + i - p.begin) * p.inner + id.x];
  }
  let at = (id.z * p.knots + id.y) * p.inner + id.x;
  if (p.accumulate != 0) { sum += destination[at]; }
  destination[at] = sum;
}`,
};

/** Adds the fit, delta / omega, to the lattice; control points out of reach of all samples stay the same. */
export const ADD_FIT: Kernel = {
  label: "N4 lattice fit",
  code: /* wgsl */ `
struct Parameters {
  knots: u32, // control points in all
}
// With a smaller confidence the quotient has no accurate digits in single precision.
const MIN_CONFIDENCE: f32 = 1e-30;
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> delta: array<f32>;
@group(0) @binding(2) var<storage, read> omega: array<f32>;
@group(0) @binding(3) var<storage, read_write> lattice: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.knots) { return; }
  let confidence = omega[id.x];
  if (confidence > MIN_CONFIDENCE) { lattice[id.x] += delta[id.x] / confidence; }
}`,
};

/** Along z or y: the spline's values at samples. */
export const EXPAND_AXIS: Kernel = {
  label: "N4 lattice expansion along y or z",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<f32>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.inner || id.y >= p.samples || id.z >= p.outer) { return; }
  let sample = p.begin + id.y;
  let start = starts[sample];
  var sum = 0.0;
  for (var knot = start; knot < start + 4; knot++) {
    sum += weights[knot * p.pitch + sample] * source[(id.z * p.knots + knot) * p.inner + id.x];
  }
  destination[(id.z * p.samples + id.y) * p.inner + id.x] = sum;
}`,
};

/** Along x: the spline's values at voxels. */
export const EXPAND_SPLINE_ROWS: Kernel = {
  label: "N4 lattice expansion along x",
  code: /* wgsl */ `
${ALONG_X}@group(0) @binding(2) var<storage, read> starts: array<vec4u>;
@group(0) @binding(3) var<storage, read> rows: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.rows || id.z >= p.planes) { return; }
  let row = id.z * p.rows + id.y;
  let start = starts[id.x];
  var sum = vec4f(0);
  for (var knot = start.x; knot < start.w + 4; knot++) {
    sum += rows[row * p.knots + knot] * weights[knot * p.quads + id.x];
  }
  destination[row * p.quads + id.x] = sum;
}`,
};
