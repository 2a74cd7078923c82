import type { Kernel } from "../gpu/gpu.ts";

/** The logarithm of a voxel that does not count. */
export const NO_LOGARITHM = -1e30;

/** Numbers at the beginning of a report: least and greatest u, sum and sum of squares of the change. */
export const REPORT_HEADER = 4;

/** Workgroups of 64 that share an image, each invocation with a part of the sums. */
export const UPDATE_WORKGROUPS = 32;

/** What the sharpening needs ahead of its values: the first bin's logarithm, bins per unit, two unused. */
export const SHARPENING_HEADER = 4;

const COUNTED = /* wgsl */ `
fn counted(logarithm: vec4f) -> vec4<bool> { return logarithm > vec4f(-1e20); }
`;

const TOGETHER = /* wgsl */ `
fn together(a: vec4f, b: vec4f) -> vec4f {
  return vec4f(min(a.x, b.x), max(a.y, b.y), a.zw + b.zw);
}
`;

/** Natural logarithms of positive values; the padding of rows does not count. */
export const LOG_IMAGE: Kernel = {
  label: "n4 log image",
  code: /* wgsl */ `
struct Parameters { quads: u32, width: u32, pitch: u32, row: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> logarithms: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.width + id.x;
  if (quad >= parameters.quads) { return; }
  let value = source[quad];
  let x = 4 * (quad % parameters.pitch) + vec4u(0, 1, 2, 3);
  let positive = (value > vec4f(0)) & (x < vec4u(parameters.row));
  logarithms[quad] = select(vec4f(${NO_LOGARITHM}), log(select(vec4f(1), value, positive)), positive);
}`,
};

/** What sharpening takes away: u less its expected true value, which is linear between bins. */
export const RESIDUAL: Kernel = {
  label: "n4 residual",
  code: /* wgsl */ `
struct Parameters { quads: u32, width: u32, bins: u32, padding: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> logarithms: array<vec4f>;
@group(0) @binding(2) var<storage, read> sharpening: array<f32>;
@group(0) @binding(3) var<storage, read_write> residual: array<vec4f>;
${COUNTED}
fn expected(position: f32) -> f32 {
  let lower = min(u32(position), parameters.bins - 2);
  let value = sharpening[${SHARPENING_HEADER} + lower];
  let next = sharpening[${SHARPENING_HEADER + 1} + lower];
  return value + (position - f32(lower)) * (next - value);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.width + id.x;
  if (quad >= parameters.quads) { return; }
  let u = logarithms[quad];
  let position = clamp(
    (u - sharpening[0]) * sharpening[1],
    vec4f(0),
    vec4f(f32(parameters.bins - 1)),
  );
  let sharp = vec4f(
    expected(position.x),
    expected(position.y),
    expected(position.z),
    expected(position.w),
  );
  residual[quad] = select(vec4f(0), u - sharp, counted(u));
}`,
};

/**
 * u = v - b, and of every invocation's share (and of the slabs before, with `add`): the least and greatest u, and the sum and the sum of
 * squares of (field before / field now) - 1, which is exp(u - u before) - 1.
 */
export const UPDATE_LOG_IMAGE: Kernel = {
  label: "n4 update",
  code: /* wgsl */ `
struct Parameters { quads: u32, add: u32, padding0: u32, padding1: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> original: array<vec4f>;
@group(0) @binding(2) var<storage, read> field: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> corrected: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> parts: array<vec4f>;
${COUNTED}${TOGETHER}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var least = vec4f(1e30);
  var greatest = vec4f(-1e30);
  var sum = vec4f(0);
  var squares = vec4f(0);
  for (var quad = id.x; quad < parameters.quads; quad += ${64 * UPDATE_WORKGROUPS}) {
    let v = original[quad];
    let counts = counted(v);
    let u = select(v, v - field[quad], counts);
    let change = select(vec4f(0), exp(u - corrected[quad]) - 1, counts);
    corrected[quad] = u;
    least = min(least, select(vec4f(1e30), u, counts));
    greatest = max(greatest, u);
    sum += change;
    squares += change * change;
  }
  let part = vec4f(
    min(min(least.x, least.y), min(least.z, least.w)),
    max(max(greatest.x, greatest.y), max(greatest.z, greatest.w)),
    dot(sum, vec4f(1)),
    dot(squares, vec4f(1)),
  );
  if (parameters.add != 0) {
    parts[id.x] = together(parts[id.x], part);
  } else {
    parts[id.x] = part;
  }
}`,
};

/** The parts together: least, greatest, sum, sum of squares. */
export const SUM_UPDATE: Kernel = {
  label: "n4 update: sum parts",
  code: /* wgsl */ `
@group(0) @binding(1) var<storage, read> parts: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> report: array<vec4f>;
var<workgroup> shares: array<vec4f, 64>;

${TOGETHER}
@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32) {
  var share = vec4f(1e30, -1e30, 0, 0);
  for (var i = worker; i < ${
    64 * UPDATE_WORKGROUPS
  }; i += 64) { share = together(share, parts[i]); }
  shares[worker] = share;
  workgroupBarrier();
  if (worker == 0) {
    for (var i = 1u; i < 64; i++) { share = together(share, shares[i]); }
    report[0] = share;
  }
}`,
};

/** The log field to the field, and the image divided by it. */
export const DIVIDE_BY_FIELD: Kernel = {
  label: "n4 divide by the field",
  code: /* wgsl */ `
struct Parameters { quads: u32, width: u32, padding0: u32, padding1: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> field: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> image: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.width + id.x;
  if (quad >= parameters.quads) { return; }
  let factor = exp(field[quad]);
  field[quad] = factor;
  image[quad] /= factor;
}`,
};
