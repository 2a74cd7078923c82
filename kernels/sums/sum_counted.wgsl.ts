import type { Kernel } from "../gpu/gpu.ts";

/** Workgroups of the sum, each with a part of its own. */
export const COUNTED_PARTS = 64;

/** Sum of the values that are 0 or more, and how many these are, in parts. */
export const SUM_COUNTED: Kernel = {
  label: "sum of what counts",
  code: /* wgsl */ `
struct Parameters { quads: u32, first: u32, padding0: u32, padding1: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u) {
  var sum = vec4f(0);
  var counts = vec4f(0);
  for (var i = id.x; i < parameters.quads; i += ${64 * COUNTED_PARTS}) {
    let e = values[i];
    sum += max(e, vec4f(0));
    counts += select(vec4f(0), vec4f(1), e >= vec4f(0));
  }
  partial[worker] = vec2f(dot(sum, vec4f(1)), dot(counts, vec4f(1)));
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { parts[parameters.first + group.x] = partial[0]; }
}`,
};
