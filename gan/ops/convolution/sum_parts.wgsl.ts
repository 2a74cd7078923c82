import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/** Adds the parts of a filter's gradient in order, and drops the channels that only fill up the last quads. */
export const SUM_PARTS: Kernel = {
  label: "filter gradient: sum parts",
  code: /* wgsl */ `
struct Parameters {
  parts: u32,
  inChannels: u32,
  inQuads: u32,
  outChannels: u32,
  outQuads: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = parameters;
  let n = 4 * id.x;
  if (id.x >= p.outQuads || id.y >= p.inChannels) { return; }
  let partSize = groups.z * 4 * p.inQuads * p.outQuads;
  var at = (id.z * 4 * p.inQuads + id.y) * p.outQuads + id.x;
  var sum = vec4f(0);
  for (var part = 0u; part < p.parts; part++) {
    sum += sums[at];
    at += partSize;
  }
  let toFilter = (id.z * p.inChannels + id.y) * p.outChannels + n;
  gradient[toFilter] = sum.x;
  if (n + 1 < p.outChannels) { gradient[toFilter + 1] = sum.y; }
  if (n + 2 < p.outChannels) { gradient[toFilter + 2] = sum.z; }
  if (n + 3 < p.outChannels) { gradient[toFilter + 3] = sum.w; }
}
`,
};
