import type { Kernel } from "../../kernels/gpu/gpu.ts";

/** One step of Adam on all weights of an optimiser, in place and in quads. */
export const ADAM_STEP: Kernel = {
  label: "Adam: step",
  code: /* wgsl */ `
struct Parameters {
  // Number of quads, and invocations per row of workgroups.
  count: u32,
  stride: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
// Learning rate, 1 - beta1^t, 1 - beta2^t.
@group(0) @binding(1) var<storage, read> step: array<f32, 4>;
@group(0) @binding(2) var<storage, read_write> value: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(5) var<storage, read> gradient: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let at = id.y * p.stride + id.x;
  if (at >= p.count) { return; }
  let g = gradient[at];
  let m = p.beta1 * first[at] + (1 - p.beta1) * g;
  let v = p.beta2 * second[at] + (1 - p.beta2) * g * g;
  first[at] = m;
  second[at] = v;
  value[at] -= step[0] * (m / step[1]) / (sqrt(v / step[2]) + p.epsilon);
}
`,
};
