/**
 * Shaders of the joint histogram and the value of Mattes mutual information.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { MATTES_WGSL, TOO_FEW_SAMPLES_COST } from "./mattes_constants.ts";

// One evaluation computes several points (matrices) at once, along the last axis of the workgroups. Each has its own
// counters and sums.

/**
 * Counts samples: transforms each fixed voxel, interpolates the moving image there and increments a counter.
 * Each invocation processes four neighbouring voxels; several copies of the counters spread the atomics.
 */
export const MATTES_COUNT: Kernel = {
  label: "Mattes counts",
  code: MATTES_WGSL + /* wgsl */ `
override wx: u32 = 16u;
override wy: u32 = 4u;
struct Parameters {
  size: vec3u,       // voxels of the fixed image
  plane: u32,        // first plane of the fixed image that is bound
  movingSize: vec3u, // voxels of the moving image
  movingPitch: u32,  // elements from one row of the moving image to the next
  quads: u32,        // words of four voxels per row of the fixed image
  copies: u32,       // copies of the counters
  begin: u32,        // first plane of the moving image whose cells are counted
  end: u32,          // one past the last such plane
  rowStep: u32,      // one of so many rows of the fixed image counts
  rowShift: u32,     // the first such row moves by so many rows from plane to plane
  planes: u32,       // planes of the fixed image that are bound
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transforms: array<Transform>;
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
  // The same for all invocations of a workgroup, so that the transform is loaded once for all of them.
  let point = group.z / parameters.planes;
  let plane = group.z - point * parameters.planes;
  let z = plane + parameters.plane;
  let y = id.y * parameters.rowStep + (z * parameters.rowShift) % parameters.rowStep;
  if (transforms[point].skip != 0.0 || id.x >= parameters.quads || y >= parameters.size.y) { return; }
  let packed = fixedBins[(plane * parameters.size.y + y) * parameters.quads + id.x];
  if (packed == 0xffffffffu) { return; }
  let copy = (group.x + groups.x * (group.y + groups.y * group.z)) % parameters.copies;
  let first = (point * parameters.copies + copy) * INNER * ROW;
  let movingSize = parameters.movingSize;
  let last = vec3f(movingSize - vec3u(1u));
  let cell = max(movingSize, vec3u(2u)) - vec3u(2u);
  let dy = select(0u, parameters.movingPitch, movingSize.y > 1u);
  let dz = select(0u, parameters.movingPitch * movingSize.y, movingSize.z > 1u);
  let start = vec4f(f32(4u * id.x), f32(y), f32(z), 1.0);
  let rows = transforms[point].rows;
  let origin = vec3f(dot(rows[0], start), dot(rows[1], start), dot(rows[2], start));
  let step = vec3f(rows[0].x, rows[1].x, rows[2].x);
  for (var i = 0u; i < 4u; i++) {
    let bin = (packed >> (8u * i)) & 255u;
    let p = origin + f32(i) * step;
    if (bin >= INNER || any(p < vec3f(-0.5)) || any(p > last + 0.5)) { continue; }
    let inside = clamp(p, vec3f(0.0), last);
    let low = min(vec3u(inside), cell);
    if (low.z < parameters.begin || low.z >= parameters.end) { continue; }
    let f = inside - vec3f(low);
    let at = ((low.z - parameters.begin) * movingSize.y + low.y) * parameters.movingPitch + low.x;
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

// The kernels from the counters to the value communicate through storage and not through workgroup
// memory: on a software adapter a barrier costs more than a dispatch.

/** Sums the copies of the counters and sets them to 0. */
export const MATTES_TOTALS: Kernel = {
  label: "Mattes totals",
  code: MATTES_WGSL + /* wgsl */ `
struct Parameters {
  copies: u32, // copies of the counters
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transforms: array<Transform>;
@group(0) @binding(2) var<storage, read_write> counts: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> totals: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let point = group.z;
  if (transforms[point].skip != 0.0 || id.x >= INNER * ROW / 4u) { return; }
  var sum = vec4u(0u);
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = (point * parameters.copies + copy) * (INNER * ROW / 4u) + id.x;
    sum += counts[at];
    counts[at] = vec4u(0u);
  }
  totals[point * (INNER * ROW / 4u) + id.x] = vec4f(sum);
}`,
};

/**
 * Applies the Parzen window: for each fixed bin, 50 values, and next to each value the samples of the inner bin before
 * it, which add up to the samples of the fixed bin.
 */
export const MATTES_ROWS: Kernel = {
  label: "Mattes rows",
  code: MATTES_WGSL + /* wgsl */ `
@group(0) @binding(1) var<storage, read> transforms: array<Transform>;
@group(0) @binding(2) var<storage, read> window: array<vec4f>;
@group(0) @binding(3) var<storage, read> totals: array<f32>;
@group(0) @binding(4) var<storage, read_write> rows: array<vec2f>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) local: u32) {
  let point = group.z;
  if (transforms[point].skip != 0.0 || local >= BINS) { return; }
  let first = (point * INNER + group.x) * ROW;
  var sum = 0.0;
  var samples = 0.0;
  // Bin m receives from inner bins m-4 .. m-1 (those whose window of four bins covers it).
  for (var k = 0u; k < 4u; k++) {
    let bin = i32(local + 3u - k) - 4;
    if (bin < 0 || bin >= i32(INNER)) { continue; }
    for (var part = 0u; part < PARTS; part++) {
      let total = totals[first + u32(bin) * PARTS + part];
      sum += window[part][k] * total;
      if (k == 0u) { samples += total; }
    }
  }
  rows[(point * INNER + group.x) * BINS + local] = vec2f(sum, samples);
}`,
};

/**
 * For each bin (one invocation per bin): the sum over f of q log q, minus qm log qm and qf log qf of the bin;
 * then the samples of the fixed bin. q is a count divided by `voxels`, in place of a count divided by the
 * samples, which are not known yet.
 */
export const MATTES_TERMS: Kernel = {
  label: "Mattes terms",
  code: MATTES_WGSL + /* wgsl */ `
struct Parameters {
  voxels: f32, // voxels of the fixed image
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transforms: array<Transform>;
@group(0) @binding(2) var<storage, read> rows: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> terms: array<vec2f>;

fn information(q: f32) -> f32 {
  if (q < 1e-12) { return 0.0; }
  return q * log(q);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) bin: u32) {
  let point = group.z;
  if (transforms[point].skip != 0.0) { return; }
  let first = point * INNER * BINS;
  var column = 0.0;
  var joint = 0.0;
  var row = 0.0;
  if (bin < BINS) {
    for (var f = 0u; f < INNER; f++) {
      let q = rows[first + f * BINS + bin].x / parameters.voxels;
      column += q;
      joint += information(q);
    }
  }
  if (bin < INNER) {
    for (var i = 0u; i < BINS; i++) { row += rows[first + bin * BINS + i].y; }
  }
  terms[64u * point + bin] = vec2f(
    joint - information(column) - information(row / parameters.voxels),
    row,
  );
}`,
};

/**
 * Mutual information from the terms. The cost is -MI, or -MI samples / wholeSamples when `wholeSamples` is
 * not 0, or TOO_FEW_SAMPLES_COST with fewer samples than the transform's minimum.
 */
export const MATTES_VALUE: Kernel = {
  label: "Mattes value",
  code: MATTES_WGSL + /* wgsl */ `
const TOO_FEW_SAMPLES_COST: f32 = ${TOO_FEW_SAMPLES_COST.toExponential()};
struct Parameters {
  wholeSamples: f32, // samples of a complete overlap, 0 when the overlap has no weight
  voxels: f32,       // voxels of the fixed image
  rowStep: f32,      // one of so many rows of the fixed image counts
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> transforms: array<Transform>;
@group(0) @binding(2) var<storage, read> terms: array<vec2f>;
@group(0) @binding(3) var<storage, read_write> value: array<vec4f>;

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3u) {
  let point = group.z;
  if (transforms[point].skip != 0.0) { return; }
  var sum = vec2f(0.0);
  for (var i = 0u; i < 64u; i++) { sum += terms[64u * point + i]; }
  let q = sum.y / parameters.voxels;
  var information = 0.0;
  if (sum.y >= 1.0) { information = sum.x / q + log(q); }
  var share = 1.0;
  if (parameters.wholeSamples > 0.0) { share = sum.y / parameters.wholeSamples; }
  let isRefused = sum.y * parameters.rowStep < transforms[point].minSamples || sum.y < 1.0;
  let cost = select(-information * share, TOO_FEW_SAMPLES_COST, isRefused);
  value[point] = vec4f(cost, sum.y, information, 0.0);
}`,
};
