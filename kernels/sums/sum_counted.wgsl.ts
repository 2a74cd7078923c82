import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "./_sum_of_workgroup.wgsl.ts";

/** Workgroups of a counted sum; each computes one partial sum. */
export const COUNTED_PARTS = 64;

/** Partial sums of the values that are 0 or more, and the numbers of these values. */
export const SUM_COUNTED: Kernel = {
  label: "Counted sum",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,      // quads of values
  firstPart: u32,  // index of the first partial sum
}
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
    let value = values[i];
    sum += max(value, vec4f(0));
    counts += select(vec4f(0), vec4f(1), value >= vec4f(0));
  }
  partial[worker] = vec2f(dot(sum, vec4f(1)), dot(counts, vec4f(1)));
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { parts[parameters.firstPart + group.x] = partial[0]; }
}`,
};
