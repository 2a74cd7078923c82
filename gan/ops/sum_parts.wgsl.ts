import type { Kernel } from "../../kernels/gpu/gpu.ts";

/** Adds the parts of a filter's gradient, in order, and leaves out the channels that fill up quads. */
export const sumParts: Kernel = {
  label: "sum filter gradient",
  code: /* wgsl */ `
struct Parameters {
  parts: u32,
  in_channels: u32,
  in_quads: u32,
  out_channels: u32,
  out_quads: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = parameters;
  let n = 4 * id.x;
  if (id.x >= p.out_quads || id.y >= p.in_channels) { return; }
  let part_size = groups.z * 4 * p.in_quads * p.out_quads;
  var at = (id.z * 4 * p.in_quads + id.y) * p.out_quads + id.x;
  var sum = vec4f(0);
  for (var part = 0u; part < p.parts; part++) {
    sum += sums[at];
    at += part_size;
  }
  let to_filter = (id.z * p.in_channels + id.y) * p.out_channels + n;
  gradient[to_filter] = sum.x;
  if (n + 1 < p.out_channels) { gradient[to_filter + 1] = sum.y; }
  if (n + 2 < p.out_channels) { gradient[to_filter + 2] = sum.z; }
  if (n + 3 < p.out_channels) { gradient[to_filter + 3] = sum.w; }
}
`,
};
