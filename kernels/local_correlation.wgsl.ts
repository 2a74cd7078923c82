import type { Kernel } from "./gpu.ts";

/** Added to variances of intensities in [0, 1]: where there is nothing but noise nothing is correlated. */
export const VARIANCE_FLOOR = 1e-4;

/** Both images, a slab of planes at a time, and the window along x. */
const IMAGES = /* wgsl */ `
struct Parameters {
  size: vec3u, pitch: u32, firstPlane: u32, planes: u32, centres: u32, stride: u32,
  radius: i32, masked: u32, low: f32, scale: f32, movingScale: f32, padding0: u32, padding1: u32, padding2: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
@group(0) @binding(2) var<storage, read> fixed: array<f32>;
@group(0) @binding(3) var<storage, read> mask: array<f32>;
@group(0) @binding(4) var<storage, read> warped: array<f32>;
`;

/**
 * Along x: moments of both images, weighted with the window, at the window centres of a row. Images in
 * [-1/2, 1/2]; a voxel without a value or outside the mask has weight 0.
 */
export const LOCAL_MOMENTS: Kernel = {
  label: "local correlation: moments along x",
  code: /* wgsl */ `
${IMAGES}@group(0) @binding(5) var<storage, read_write> first: array<vec4f>;   // w, w f, w m, w f^2
@group(0) @binding(6) var<storage, read_write> second: array<vec2f>;  // w m^2, w f m

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.centres || id.y >= p.size.y || id.z >= p.planes) { return; }
  let row = (id.z * p.size.y + id.y) * p.pitch;
  let centre = i32(id.x * p.stride);
  var a = vec4f(0);
  var b = vec2f(0);
  for (var j = -p.radius; j <= p.radius; j++) {
    let x = centre + j;
    if (x < 0 || x >= i32(p.size.x)) { continue; }
    let at = row + u32(x);
    let m = warped[at] * p.movingScale - 0.5;
    let counts = warped[at] > -1e20 && fixed[at] > -1e20 && (p.masked == 0 || mask[at] >= 0.5);
    let f = clamp((fixed[at] - p.low) * p.scale, 0, 1) - 0.5;
    let w = select(0.0, weights[abs(j)], counts);
    let g = select(0.0, f, counts);
    let h = select(0.0, m, counts);
    a += w * vec4f(1, g, h, g * g);
    b += w * vec2f(h * h, g * h);
  }
  let at = ((p.firstPlane + id.z) * p.size.y + id.y) * p.centres + id.x;
  first[at] = a;
  second[at] = b;
}`,
};

/** An axis of what is smoothed: [outer][length][inner] becomes [outer][centres][inner], or back. */
const AXIS = /* wgsl */ `
struct Axis { inner: u32, length: u32, outer: u32, centres: u32, stride: u32, radius: i32, padding0: u32, padding1: u32 }
@group(0) @binding(0) var<uniform> axis: Axis;
@group(0) @binding(1) var<storage, read> weights: array<f32>;
`;

/** The window along y or z, at the window centres only. */
export const LOCAL_SMOOTH: Kernel = {
  label: "local correlation: moments along y or z",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> first: array<vec4f>;
@group(0) @binding(3) var<storage, read> second: array<vec2f>;
@group(0) @binding(4) var<storage, read_write> firstSmoothed: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> secondSmoothed: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= axis.inner || id.y >= axis.centres || id.z >= axis.outer) { return; }
  let centre = i32(id.y * axis.stride);
  var a = vec4f(0);
  var b = vec2f(0);
  for (var j = -axis.radius; j <= axis.radius; j++) {
    let i = centre + j;
    if (i < 0 || i >= i32(axis.length)) { continue; }
    let at = (id.z * axis.length + u32(i)) * axis.inner + id.x;
    a += weights[abs(j)] * first[at];
    b += weights[abs(j)] * second[at];
  }
  let at = (id.z * axis.centres + id.y) * axis.inner + id.x;
  firstSmoothed[at] = a;
  secondSmoothed[at] = b;
}`,
};

/** Parts of the sum over window centres. */
export const CORRELATION_PARTS = 64;

/**
 * The correlation at every window centre, and what its derivative by m is made of: with window weight W,
 * W dcc/dm(x) = sum over centres of G (A f(x) - B m(x) + C), A = 1 / sqrt(v_f v_m), B = cc / v_m,
 * C = B mean_m - A mean_f.
 */
export const LOCAL_CORRELATION: Kernel = {
  label: "local correlation: value",
  code: /* wgsl */ `
struct Parameters { centres: u32, padding0: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> first: array<vec4f>;
@group(0) @binding(2) var<storage, read> second: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> slopes: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u) {
  var sum = vec2f(0);
  for (var i = id.x; i < parameters.centres; i += ${64 * CORRELATION_PARTS}) {
    let a = first[i];
    let b = second[i];
    let weight = a.x;
    let each = select(0.0, 1 / weight, weight > 1e-6);
    let f = a.y * each;
    let m = a.z * each;
    let varianceF = max(a.w * each - f * f, 0) + ${VARIANCE_FLOOR};
    let varianceM = max(b.x * each - m * m, 0) + ${VARIANCE_FLOOR};
    let scale = inverseSqrt(varianceF * varianceM);
    let correlation = (b.y * each - f * m) * scale;
    let counts = weight > 1e-6;
    let perM = correlation / varianceM;
    slopes[i] = select(vec4f(0), vec4f(scale, perM, perM * m - scale * f, 0), counts);
    sum += select(vec2f(0), vec2f(weight * correlation, weight), counts);
  }
  partial[worker] = sum;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { parts[group.x] = partial[0]; }
}`,
};

/** E = 1 - the mean correlation, and the voxels that the windows' weights amount to. */
export const MEAN_CORRELATION: Kernel = {
  label: "local correlation: mean",
  code: /* wgsl */ `
struct Parameters { voxelsPerCentre: f32, padding0: f32, padding1: f32, padding2: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parts: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var sum = vec2f(0);
  for (var i = 0u; i < ${CORRELATION_PARTS}; i++) { sum += parts[i]; }
  scalars[0] = 1 - sum.x / max(sum.y, 1e-6);
  scalars[1] = sum.y * parameters.voxelsPerCentre;
  scalars[2] = 1 / max(sum.y, 1e-6);
}`,
};

/** The transpose of the window along z or y: from the window centres to all planes or rows. */
export const LOCAL_SPREAD: Kernel = {
  label: "local correlation: derivative along z or y",
  code: /* wgsl */ `
${AXIS}
@group(0) @binding(2) var<storage, read> slopes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> spread: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= axis.inner || id.y >= axis.length || id.z >= axis.outer) { return; }
  let i = i32(id.y);
  let stride = i32(axis.stride);
  let low = (max(i - axis.radius, 0) + stride - 1) / stride;
  let high = min((i + axis.radius) / stride, i32(axis.centres) - 1);
  var sum = vec4f(0);
  for (var c = low; c <= high; c++) {
    sum += weights[abs(c * stride - i)] * slopes[(id.z * axis.centres + u32(c)) * axis.inner + id.x];
  }
  spread[(id.z * axis.length + id.y) * axis.inner + id.x] = sum;
}`,
};

/** The same along x, and dE/dI_m of every voxel, I_m in bin units. */
export const LOCAL_RESIDUAL: Kernel = {
  label: "local correlation: derivative by intensity",
  code: /* wgsl */ `
${IMAGES}@group(0) @binding(5) var<storage, read> spread: array<vec4f>;
@group(0) @binding(6) var<storage, read> scalars: array<f32>;
@group(0) @binding(7) var<storage, read_write> residual: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.pitch || id.y >= p.size.y || id.z >= p.planes) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let row = ((p.firstPlane + id.z) * p.size.y + id.y) * p.centres;
  let i = i32(id.x);
  let stride = i32(p.stride);
  let low = (max(i - p.radius, 0) + stride - 1) / stride;
  let high = min((i + p.radius) / stride, i32(p.centres) - 1);
  var sum = vec4f(0);
  for (var c = low; c <= high; c++) { sum += weights[abs(c * stride - i)] * spread[row + u32(c)]; }
  let m = warped[at] * p.movingScale - 0.5;
  let counts = warped[at] > -1e20 && fixed[at] > -1e20 && (p.masked == 0 || mask[at] >= 0.5) &&
    id.x < p.size.x;
  let f = clamp((fixed[at] - p.low) * p.scale, 0, 1) - 0.5;
  let slope = -(sum.x * f - sum.y * m + sum.z) * scalars[2] * p.movingScale;
  residual[at] = select(0.0, slope, counts);
}`,
};
