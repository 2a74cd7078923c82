import type { Kernel } from "../gpu/gpu.ts";

/** Along x: what the samples of a row give to its control points. The weights are zero beyond the row. */
export const GATHER_ROWS: Kernel = {
  label: "n4 lattice: gather rows",
  code: /* wgsl */ `
struct Parameters { knots: u32, quads: u32, height: u32, depth: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> rows: array<f32>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.knots || id.y >= p.height || id.z >= p.depth) { return; }
  let row = id.z * p.height + id.y;
  let range = ranges[id.x];
  var sum = vec4f(0);
  for (var quad = range.x / 4; quad < (range.y + 3) / 4; quad++) {
    sum += weights[id.x * p.quads + quad] * source[row * p.quads + quad];
  }
  rows[row * p.knots + id.x] = dot(sum, vec4f(1));
}`,
};

const AXIS = /* wgsl */ `
struct Axis {
  inner: u32,    // values that lie between two neighbours along the axis
  samples: u32,  // of the slab
  outer: u32,
  knots: u32,
  begin: u32,    // the slab's first sample
  pitch: u32,    // of the weights, from one control point to the next
  add: u32,      // to what slabs before have given
  padding: u32,
}
@group(0) @binding(0) var<uniform> axis: Axis;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
override wx: u32 = 32;
override wy: u32 = 2;
`;

/** Along y or z: what samples give to control points. */
export const GATHER_AXIS: Kernel = {
  label: "n4 lattice: gather along y or z",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> ranges: array<vec2u>;
@group(0) @binding(3) var<storage, read> source: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<f32>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = axis;
  if (id.x >= a.inner || id.y >= a.knots || id.z >= a.outer) { return; }
  let range = ranges[id.y];
  let last = min(range.y, a.begin + a.samples);
  var sum = 0.0;
  for (var i = max(range.x, a.begin); i < last; i++) {
    sum += weights[id.y * a.pitch + i] *
      source[(id.z * a.samples + i - a.begin) * a.inner + id.x];
  }
  let at = (id.z * a.knots + id.y) * a.inner + id.x;
  if (a.add != 0) { sum += destination[at]; }
  destination[at] = sum;
}`,
};

/** Adds the fit, delta / omega, to the lattice; a control point that no sample reaches stays. */
export const ADD_FIT: Kernel = {
  label: "n4 lattice: add the fit",
  code: /* wgsl */ `
struct Parameters { knots: u32, padding0: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> delta: array<f32>;
@group(0) @binding(2) var<storage, read> omega: array<f32>;
@group(0) @binding(3) var<storage, read_write> lattice: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.knots) { return; }
  let confidence = omega[id.x];
  // Below, the division would be of what is lost to single precision.
  if (confidence > 1e-30) { lattice[id.x] += delta[id.x] / confidence; }
}`,
};

/** Along z or y: the spline's values at samples, from control points. */
export const EXPAND_AXIS: Kernel = {
  label: "n4 lattice: expand along y or z",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> starts: array<u32>;
@group(0) @binding(3) var<storage, read> source: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<f32>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let a = axis;
  if (id.x >= a.inner || id.y >= a.samples || id.z >= a.outer) { return; }
  let sample = a.begin + id.y;
  let start = starts[sample];
  var sum = 0.0;
  for (var knot = start; knot < start + 4; knot++) {
    sum += weights[knot * a.pitch + sample] * source[(id.z * a.knots + knot) * a.inner + id.x];
  }
  destination[(id.z * a.samples + id.y) * a.inner + id.x] = sum;
}`,
};

/** Along x: the spline's values at voxels. */
export const EXPAND_SPLINE_ROWS: Kernel = {
  label: "n4 lattice: expand rows",
  code: /* wgsl */ `
struct Parameters { knots: u32, quads: u32, height: u32, depth: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<vec4f>;
@group(0) @binding(2) var<storage, read> starts: array<vec4u>;
@group(0) @binding(3) var<storage, read> rows: array<f32>;
@group(0) @binding(4) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.height || id.z >= p.depth) { return; }
  let row = id.z * p.height + id.y;
  let start = starts[id.x];
  var sum = vec4f(0);
  for (var knot = start.x; knot < start.w + 4; knot++) {
    sum += rows[row * p.knots + knot] * weights[knot * p.quads + id.x];
  }
  destination[row * p.quads + id.x] = sum;
}`,
};
