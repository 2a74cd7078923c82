/**
 * Shaders of the operations of N4 on each voxel.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";

/** Number of f32 of a report before its histogram. */
export const REPORT_HEADER = 4;

/** The report of an iteration, in WGSL. */
export const REPORT_WGSL = /* wgsl */ `
struct Report {
  minimum: f32,          // smallest u
  maximum: f32,          // largest u
  sum: f32,              // sum of the changes
  squares: f32,          // sum of their squares
  histogram: array<f32>, // voxels in each bin
}
`;

/** Number of workgroups of 64 that sum over an image; each invocation computes a partial sum. */
export const UPDATE_WORKGROUPS = 32;

/** Number of f32 of a sharpening before its expected values. */
export const SHARPENING_HEADER = 2;

// A part of a report: minimum, maximum, sum, sum of squares.
const PART = /* wgsl */ `
const LARGEST: f32 = 1e30; // larger than every logarithm
fn combine(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(min(a.x, b.x), max(a.y, b.y), a.zw + b.zw);
}
`;

/** Natural logarithms of positive values; NO_VALUE at other voxels and in the padding of rows. */
export const LOG_IMAGE: Kernel = {
  label: "N4 logarithms",
  code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
  rowQuads: u32, // quads per row
  width: u32,  // voxels per row
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> logarithms: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.stride + id.x;
  if (quad >= parameters.quads) { return; }
  let value = source[quad];
  let x = 4 * (quad % parameters.rowQuads) + vec4u(0, 1, 2, 3);
  let positive = (value > vec4f(0)) & (x < vec4u(parameters.width));
  logarithms[quad] = select(vec4f(NO_VALUE), log(select(vec4f(1), value, positive)), positive);
}`,
};

/** The residual of the sharpening: u minus the expected true value, which is linear between bins. */
export const RESIDUAL: Kernel = {
  label: "N4 residual",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
  bins: u32,   // bins of the sharpening
}
struct Sharpening {
  minimum: f32,         // logarithm of the first bin
  binsPerUnit: f32,     // bins per unit of the logarithm
  expected: array<f32>, // true logarithm that is expected at each bin
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> logarithms: array<vec4f>;
@group(0) @binding(2) var<storage, read> sharpening: Sharpening;
@group(0) @binding(3) var<storage, read_write> residual: array<vec4f>;
${NO_VALUE_WGSL}
fn expectedAt(position: f32) -> f32 {
  let lower = min(u32(position), parameters.bins - 2);
  let value = sharpening.expected[lower];
  let next = sharpening.expected[lower + 1];
  return value + (position - f32(lower)) * (next - value);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.stride + id.x;
  if (quad >= parameters.quads) { return; }
  let u = logarithms[quad];
  let position = clamp(
    (u - sharpening.minimum) * sharpening.binsPerUnit,
    vec4f(0),
    vec4f(f32(parameters.bins - 1)),
  );
  let sharp = vec4f(
    expectedAt(position.x),
    expectedAt(position.y),
    expectedAt(position.z),
    expectedAt(position.w),
  );
  residual[quad] = select(vec4f(0), u - sharp, haveValues(u));
}`,
};

/**
 * The update u = v - b, and a part of the report for each invocation: minimum and maximum of u, and sum and
 * sum of squares of the change (field before / field now) - 1, which is exp(u - u before) - 1.
 */
export const UPDATE_LOG_IMAGE: Kernel = {
  label: "N4 update",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,      // quads that are bound
  accumulate: u32, // 1: combine with the parts of the slabs before
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> original: array<vec4f>;
@group(0) @binding(2) var<storage, read> field: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> corrected: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> parts: array<vec4f>;
${NO_VALUE_WGSL}${PART}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var minimum = vec4f(LARGEST);
  var maximum = vec4f(-LARGEST);
  var sum = vec4f(0);
  var squares = vec4f(0);
  for (var quad = id.x; quad < parameters.quads; quad += ${64 * UPDATE_WORKGROUPS}) {
    let v = original[quad];
    let counts = haveValues(v);
    let u = select(v, v - field[quad], counts);
    let change = select(vec4f(0), exp(u - corrected[quad]) - 1, counts);
    corrected[quad] = u;
    minimum = min(minimum, select(vec4f(LARGEST), u, counts));
    maximum = max(maximum, u);
    sum += change;
    squares += change * change;
  }
  let part = vec4f(
    min(min(minimum.x, minimum.y), min(minimum.z, minimum.w)),
    max(max(maximum.x, maximum.y), max(maximum.z, maximum.w)),
    dot(sum, vec4f(1)),
    dot(squares, vec4f(1)),
  );
  if (parameters.accumulate != 0) {
    parts[id.x] = combine(parts[id.x], part);
  } else {
    parts[id.x] = part;
  }
}`,
};

/** Combines the parts into the report. */
export const SUM_UPDATE: Kernel = {
  label: "N4 update sums",
  code: /* wgsl */ `
${REPORT_WGSL}
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> report: Report;
var<workgroup> shares: array<vec4f, 64>;

${PART}
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  var share = vec4f(LARGEST, -LARGEST, 0, 0);
  for (var i = worker; i < ${64 * UPDATE_WORKGROUPS}; i += 64) { share = combine(share, parts[i]); }
  shares[worker] = share;
  workgroupBarrier();
  if (worker == 0) {
    for (var i = 1u; i < 64; i++) { share = combine(share, shares[i]); }
    report.minimum = share.x;
    report.maximum = share.y;
    report.sum = share.z;
    report.squares = share.w;
  }
}`,
};

/** Replaces the log field by the field, and divides the image by it. */
export const DIVIDE_BY_FIELD: Kernel = {
  label: "N4 division by the field",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> field: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> image: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.stride + id.x;
  if (quad >= parameters.quads) { return; }
  let factor = exp(field[quad]);
  field[quad] = factor;
  image[quad] /= factor;
}`,
};
