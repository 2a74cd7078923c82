/**
 * Shaders of the histogram of logarithms.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { REPORT_WGSL } from "./log_image.wgsl.ts";

/**
 * Counts the logarithms between minimum and maximum of the report, each shared linearly by the two nearest
 * bins. The weights are whole numbers, so that the order of the additions has no influence.
 */
export const COUNT_LOGARITHMS: Kernel = {
  label: "N4 histogram counts",
  code: /* wgsl */ `
${NO_VALUE_WGSL}${REPORT_WGSL}
struct Parameters {
  quads: u32,          // quads that are bound
  bins: u32,           // bins of the histogram
  countsPerVoxel: f32, // whole weight of a voxel
  stride: u32,         // invocations in all
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> logarithms: array<vec4f>;
@group(0) @binding(2) var<storage, read> report: Report;
@group(0) @binding(3) var<storage, read_write> copies: array<atomic<u32>>;

fn count(at: u32, logarithm: f32, position: f32) {
  if (!hasValue(logarithm)) { return; }
  let lower = min(floor(position), f32(parameters.bins - 2));
  let upperWeight = u32(round((position - lower) * parameters.countsPerVoxel));
  let bin = at + u32(lower);
  atomicAdd(&copies[bin], u32(parameters.countsPerVoxel) - upperWeight);
  if (upperWeight != 0) { atomicAdd(&copies[bin + 1], upperWeight); }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let at = group.x * parameters.bins;
  let last = f32(parameters.bins - 1);
  let range = report.maximum - report.minimum;
  let scale = select(0.0, last / max(range, 1e-30), range > 0);
  for (var quad = id.x; quad < parameters.quads; quad += parameters.stride) {
    let u = logarithms[quad];
    let position = clamp((u - report.minimum) * scale, vec4f(0), vec4f(last));
    count(at, u.x, position.x);
    count(at, u.y, position.y);
    count(at, u.z, position.z);
    count(at, u.w, position.w);
  }
}`,
};

/** Sums the copies into the histogram of the report, in voxels, and clears them for the next count. */
export const SUM_LOGARITHMS: Kernel = {
  label: "N4 histogram sums",
  code: /* wgsl */ `
${REPORT_WGSL}
struct Parameters {
  bins: u32,           // bins of the histogram
  copies: u32,         // copies of the counters
  countsPerVoxel: f32, // whole weight of a voxel
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> copies: array<u32>;
@group(0) @binding(2) var<storage, read_write> report: Report;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.bins) { return; }
  var sum = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = copy * parameters.bins + id.x;
    sum += f32(copies[at]) / parameters.countsPerVoxel;
    copies[at] = 0;
  }
  report.histogram[id.x] = sum;
}`,
};
