import type { Kernel } from "../../kernels/gpu/gpu.ts";

/**
 * One step of Adam on one variable, in place. The elements are quads if the variable's size is a multiple of four.
 * The gradient is one buffer or the sum of two buffers.
 */
export function adamStep(element: "vec4f" | "f32", inTwoParts: boolean): Kernel {
  return {
    label: `Adam: step (${element}${inTwoParts ? ", gradient in two parts" : ""})`,
    code: /* wgsl */ `
struct Parameters {
  count: u32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
// Learning rate, 1 - beta1^t, 1 - beta2^t.
@group(0) @binding(1) var<storage, read> step: array<f32, 4>;
@group(0) @binding(2) var<storage, read_write> value: array<${element}>;
@group(0) @binding(3) var<storage, read_write> first: array<${element}>;
@group(0) @binding(4) var<storage, read_write> second: array<${element}>;
@group(0) @binding(5) var<storage, read> gradient: array<${element}>;
${inTwoParts ? `@group(0) @binding(6) var<storage, read> rest: array<${element}>;` : ""}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = parameters;
  let at = id.x + 64 * groups.x * id.y;
  if (at >= p.count) { return; }
  let g = gradient[at]${inTwoParts ? " + rest[at]" : ""};
  let m = p.beta1 * first[at] + (1 - p.beta1) * g;
  let v = p.beta2 * second[at] + (1 - p.beta2) * g * g;
  first[at] = m;
  second[at] = v;
  value[at] -= step[0] * (m / step[1]) / (sqrt(v / step[2]) + p.epsilon);
}
`,
  };
}
