import type { Kernel } from "../gpu/gpu.ts";
import { REPORT_HEADER } from "./log_image.wgsl.ts";

/**
 * Counts logarithms between the least and the greatest of the report, each shared linearly by the two
 * nearest bins. Weights are whole numbers, so that their order does not matter.
 */
export const COUNT_LOGARITHMS: Kernel = {
  label: "n4 histogram: count",
  code: /* wgsl */ `
struct Parameters { quads: u32, bins: u32, one: f32, stride: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> logarithms: array<vec4f>;
@group(0) @binding(2) var<storage, read> report: array<f32>;
@group(0) @binding(3) var<storage, read_write> copies: array<atomic<u32>>;

fn count(at: u32, logarithm: f32, position: f32) {
  if (logarithm < -1e20) { return; }
  let lower = min(floor(position), f32(parameters.bins - 2));
  let upperWeight = u32(round((position - lower) * parameters.one));
  let bin = at + u32(lower);
  atomicAdd(&copies[bin], u32(parameters.one) - upperWeight);
  if (upperWeight != 0) { atomicAdd(&copies[bin + 1], upperWeight); }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let at = group.x * parameters.bins;
  let last = f32(parameters.bins - 1);
  let range = report[1] - report[0];
  let scale = select(0.0, last / max(range, 1e-30), range > 0);
  for (var quad = id.x; quad < parameters.quads; quad += parameters.stride) {
    let u = logarithms[quad];
    let position = clamp((u - report[0]) * scale, vec4f(0), vec4f(last));
    count(at, u.x, position.x);
    count(at, u.y, position.y);
    count(at, u.z, position.z);
    count(at, u.w, position.w);
  }
}`,
};

/** Sums the copies in order, in voxels, into the report, and clears them for the next count. */
export const SUM_LOGARITHMS: Kernel = {
  label: "n4 histogram: sum copies",
  code: /* wgsl */ `
struct Parameters { bins: u32, copies: u32, one: f32, padding: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> copies: array<u32>;
@group(0) @binding(2) var<storage, read_write> report: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.bins) { return; }
  var sum = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = copy * parameters.bins + id.x;
    sum += f32(copies[at]) / parameters.one;
    copies[at] = 0;
  }
  report[${REPORT_HEADER} + id.x] = sum;
}`,
};
