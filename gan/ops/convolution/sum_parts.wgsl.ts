import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/**
 * Adds the parts of the filters' gradients in order, and drops the channels that only fill up the last quads.
 *
 * @param accumulate - True if the gradient is added to the earlier contents.
 */
export function sumParts(accumulate: boolean): Kernel {
  const assign = accumulate ? "+=" : "=";
  return {
    label: `filter gradient: sum parts (${accumulate ? "add" : "write"})`,
    code: /* wgsl */ `
struct Parameters {
  parts: u32,
  inChannels: u32,
  inQuads: u32,
  outChannels: u32,
  outQuads: u32,
  taps: u32,
  networks: u32,
  firstNetwork: i32,
  networkStep: i32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> sums: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(16, 4)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let n = 4 * id.x;
  if (id.x >= p.outQuads || id.y >= p.inChannels) { return; }
  let group = id.z / p.taps;
  let tap = id.z - group * p.taps;
  let partSize = p.taps * 4 * p.inQuads * p.outQuads;
  var at = group * p.parts * partSize + (tap * 4 * p.inQuads + id.y) * p.outQuads + id.x;
  var sum = vec4f(0);
  for (var part = 0u; part < p.parts; part++) {
    sum += sums[at];
    at += partSize;
  }
  let network = u32(p.firstNetwork + p.networkStep * i32(group));
  let toFilter = ((tap * p.networks + network) * p.inChannels + id.y) * p.outChannels + n;
  gradient[toFilter] ${assign} sum.x;
  if (n + 1 < p.outChannels) { gradient[toFilter + 1] ${assign} sum.y; }
  if (n + 2 < p.outChannels) { gradient[toFilter + 2] ${assign} sum.z; }
  if (n + 3 < p.outChannels) { gradient[toFilter + 3] ${assign} sum.w; }
}
`,
  };
}
