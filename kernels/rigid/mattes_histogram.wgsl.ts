/**
 * Shaders of the joint histogram and the value of Mattes mutual information.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

/** Histogram bins of each image, the padding included. */
export const MATTES_BINS = 50;
/** Empty bins at either end, where the Parzen window of the extreme intensities reaches. */
export const MATTES_PADDING = 2;
/** Bins that intensities fall into. */
export const MATTES_INNER_BINS = MATTES_BINS - 2 * MATTES_PADDING;
/** Parts that each bin of the moving image is counted in before the Parzen window is applied. */
export const MATTES_SUBDIVISIONS = 8;
/** Counters of one row (one fixed bin) of the joint histogram. */
export const MATTES_ROW = MATTES_INNER_BINS * MATTES_SUBDIVISIONS;
/** Marks a fixed voxel that does not count. */
export const MATTES_OUTSIDE_BYTE = 255;
/** Steps of a part that the moving image's voxels are kept in, 15 bits in all. */
export const MATTES_STEPS = 64;

const CONSTANTS = /* wgsl */ `
const BINS = ${MATTES_BINS}u;
const INNER = ${MATTES_INNER_BINS}u;
const PARTS = ${MATTES_SUBDIVISIONS}u;
const ROW = ${MATTES_ROW}u;
const STEPS = ${MATTES_STEPS}.0;
`;

/**
 * For every fixed voxel, the transform, the trilinear interpolation of the moving image and the
 * count, in one go. Four neighbouring voxels an invocation; copies of the counters spread the atomics.
 */
export const MATTES_COUNT: Kernel = {
  label: "mattes count",
  code: CONSTANTS + /* wgsl */ `
override wx: u32 = 16u;
override wy: u32 = 4u;
struct Parameters {
  size: vec3u,
  plane: u32,
  source: vec3u,
  pitch: u32,
  quads: u32,
  copies: u32,
  begin: u32,
  end: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transform: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read> fixedBins: array<u32>;
@group(0) @binding(3) var<storage, read> moving: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;

fn unpack(pair: u32) -> vec2f { return vec2f(vec2u(pair & 0x7fffu, (pair >> 16u) & 0x7fffu)); }

@compute @workgroup_size(wx, wy, 1)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(workgroup_id) group: vec3u,
  @builtin(num_workgroups) groups: vec3u,
) {
  if (transform[3].x != 0.0 || id.x >= parameters.quads || id.y >= parameters.size.y) { return; }
  let packed = fixedBins[(id.z * parameters.size.y + id.y) * parameters.quads + id.x];
  if (packed == 0xffffffffu) { return; }
  let copy = (group.x + groups.x * (group.y + groups.y * group.z)) % parameters.copies;
  let first = copy * INNER * ROW;
  let source = parameters.source;
  let last = vec3f(source - vec3u(1u));
  let cell = max(source, vec3u(2u)) - vec3u(2u);
  let dy = select(0u, parameters.pitch, source.y > 1u);
  let dz = select(0u, parameters.pitch * source.y, source.z > 1u);
  let start = vec4f(f32(4u * id.x), f32(id.y), f32(id.z + parameters.plane), 1.0);
  let origin = vec3f(dot(transform[0], start), dot(transform[1], start), dot(transform[2], start));
  let step = vec3f(transform[0].x, transform[1].x, transform[2].x);
  for (var i = 0u; i < 4u; i++) {
    let bin = (packed >> (8u * i)) & 255u;
    let p = origin + f32(i) * step;
    if (bin >= INNER || any(p < vec3f(-0.5)) || any(p > last + 0.5)) { continue; }
    let inside = clamp(p, vec3f(0.0), last);
    let low = min(vec3u(inside), cell);
    if (low.z < parameters.begin || low.z >= parameters.end) { continue; }
    let f = inside - vec3f(low);
    let at = ((low.z - parameters.begin) * source.y + low.y) * parameters.pitch + low.x;
    let a = moving[at];
    let b = moving[at + dy];
    let c = moving[at + dz];
    let d = moving[at + dz + dy];
    if (((a | b | c | d) & 0x80008000u) != 0u) { continue; }
    let pair = mix(mix(unpack(a), unpack(b), f.y), mix(unpack(c), unpack(d), f.y), f.z);
    let part = min(u32(mix(pair.x, pair.y, f.x) * (1.0 / STEPS)), ROW - 1u);
    atomicAdd(&counts[first + bin * ROW + part], 1u);
  }
}`,
};

// The steps from the counters to the value exchange through storage and not through workgroup
// memory: on a software adapter a barrier costs more than a dispatch.

/** Sums the copies of the counters and empties them. */
export const MATTES_TOTALS: Kernel = {
  label: "mattes totals",
  code: CONSTANTS + /* wgsl */ `
struct Parameters { copies: u32, pad0: u32, pad1: u32, pad2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transform: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read_write> counts: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> totals: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (transform[3].x != 0.0 || id.x >= INNER * ROW / 4u) { return; }
  var sum = vec4u(0u);
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = copy * (INNER * ROW / 4u) + id.x;
    sum += counts[at];
    counts[at] = vec4u(0u);
  }
  totals[id.x] = vec4f(sum);
}`,
};

/** Applies the Parzen window: of each fixed bin 50 values, then its number of samples. */
export const MATTES_ROWS: Kernel = {
  label: "mattes rows",
  code: CONSTANTS + /* wgsl */ `
@group(0) @binding(1) var<storage, read> transform: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read> window: array<vec4f>;
@group(0) @binding(3) var<storage, read> totals: array<f32>;
@group(0) @binding(4) var<storage, read_write> rows: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  if (transform[3].x != 0.0 || local > BINS) { return; }
  var sum = 0.0;
  if (local == BINS) {
    for (var i = 0u; i < ROW; i++) { sum += totals[group.x * ROW + i]; }
  } else {
    // Bin m receives from inner bins m-4 .. m-1 (those whose window of four bins covers it).
    for (var k = 0u; k < 4u; k++) {
      let bin = i32(local + 3u - k) - 4;
      if (bin < 0 || bin >= i32(INNER)) { continue; }
      for (var part = 0u; part < PARTS; part++) {
        sum += window[part][k] * totals[group.x * ROW + u32(bin) * PARTS + part];
      }
    }
  }
  rows[group.x * (BINS + 1u) + local] = sum;
}`,
};

/**
 * One invocation a bin: sum over f of q log q, less qm log qm and qf log qf of the bin, and the
 * samples of the fixed bin. q are counts over `voxels`, which is near enough to one for f32.
 */
export const MATTES_TERMS: Kernel = {
  label: "mattes terms",
  code: CONSTANTS + /* wgsl */ `
struct Parameters { voxels: f32, pad0: u32, pad1: u32, pad2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transform: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read> rows: array<f32>;
@group(0) @binding(3) var<storage, read_write> terms: array<vec2f>;

fn information(q: f32) -> f32 {
  if (q < 1e-12) { return 0.0; }
  return q * log(q);
}

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) bin: u32) {
  if (transform[3].x != 0.0) { return; }
  var column = 0.0;
  var joint = 0.0;
  var row = 0.0;
  if (bin < BINS) {
    for (var f = 0u; f < INNER; f++) {
      let q = rows[f * (BINS + 1u) + bin] / parameters.voxels;
      column += q;
      joint += information(q);
    }
  }
  if (bin < INNER) { row = rows[bin * (BINS + 1u) + BINS]; }
  terms[bin] = vec2f(
    joint - information(column) - information(row / parameters.voxels),
    row,
  );
}`,
};

/**
 * Mutual information from the terms; cost = -MI, or -MI samples / whole when `whole` is not 0, or
 * 1e30 below the least number of samples.
 */
export const MATTES_VALUE: Kernel = {
  label: "mattes value",
  code: /* wgsl */ `
struct Parameters { least: f32, whole: f32, voxels: f32, pad0: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transform: array<vec4f, 4>;
@group(0) @binding(2) var<storage, read> terms: array<vec2f, 64>;
@group(0) @binding(3) var<storage, read_write> value: array<f32, 4>;

@compute @workgroup_size(1)
fn main() {
  if (transform[3].x != 0.0) { return; }
  var sum = vec2f(0.0);
  for (var i = 0u; i < 64u; i++) { sum += terms[i]; }
  let q = sum.y / parameters.voxels;
  var information = 0.0;
  if (sum.y >= 1.0) { information = sum.x / q + log(q); }
  var share = 1.0;
  if (parameters.whole > 0.0) { share = sum.y / parameters.whole; }
  value[0] = select(-information * share, 1e30, sum.y < parameters.least || sum.y < 1.0);
  value[1] = sum.y;
  value[2] = information;
}`,
};

/** Intensities of the fixed image as one byte a voxel: the bin, or 255 where it does not count. */
export function mattesFixedBins(masked: boolean): Kernel {
  return {
    label: masked ? "mattes fixed bins, masked" : "mattes fixed bins",
    code: CONSTANTS + /* wgsl */ `
struct Parameters { minimum: f32, scale: f32, quads: u32, width: u32, count: u32, pitch: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> bytes: array<u32>;
${masked ? "@group(0) @binding(3) var<storage, read> mask: array<vec4i>;" : ""}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.pitch + id.x;
  if (quad >= parameters.count || id.x >= parameters.pitch) { return; }
  let units = (image[quad] - vec4f(parameters.minimum)) * parameters.scale;
  let bins = min(vec4u(max(units, vec4f(0.0))), vec4u(INNER - 1u));
  let x = 4u * (quad % parameters.quads) + vec4u(0u, 1u, 2u, 3u);
  var outside = x >= vec4u(parameters.width);
  ${masked ? "outside = outside | (mask[quad] == vec4i(0));" : ""}
  let b = select(bins, vec4u(${MATTES_OUTSIDE_BYTE}u), outside);
  bytes[quad] = b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}`,
  };
}

/**
 * The moving image for sampling: one u32 a voxel, its own value in the low and its right
 * neighbour's in the high half, 15 bits each, and above them one bit: outside the mask.
 */
export function mattesMovingPairs(masked: boolean): Kernel {
  return {
    label: masked ? "mattes moving pairs, masked" : "mattes moving pairs",
    code: CONSTANTS + /* wgsl */ `
struct Parameters { minimum: f32, scale: f32, quads: u32, width: u32, count: u32, pitch: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> pairs: array<vec4u>;
${masked ? "@group(0) @binding(3) var<storage, read> mask: array<vec4i>;" : ""}

fn voxels(quad: u32) -> vec4u {
  let units = (image[quad] - vec4f(parameters.minimum)) * parameters.scale;
  let value = vec4u(clamp(units, vec4f(0.0), vec4f(STEPS * f32(ROW) - 1.0)) + 0.5);
  ${masked ? "return value | select(vec4u(0u), vec4u(0x8000u), mask[quad] == vec4i(0));" : ""}
  ${masked ? "" : "return value;"}
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.pitch + id.x;
  if (quad >= parameters.count || id.x >= parameters.pitch) { return; }
  let own = voxels(quad);
  var next = own.w;
  let column = quad % parameters.quads;
  if (column + 1u < parameters.quads) { next = voxels(quad + 1u).x; }
  // The last voxel of a row has no right neighbour: it stands in for itself.
  let right = vec4u(own.yzw, next);
  let x = 4u * column + vec4u(1u, 2u, 3u, 4u);
  pairs[quad] = own | (select(right, own, x >= vec4u(parameters.width)) << vec4u(16u));
}`,
  };
}
