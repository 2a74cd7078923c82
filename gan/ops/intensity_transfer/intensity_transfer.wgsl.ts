import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/** Bindings of all kernels, and the curve of an image's network at an intensity. */
const SHARED = /* wgsl */ `
struct Parameters {
  // Values per group of images, and all values.
  group: u32,
  count: u32,
  // Invocations per row of workgroups.
  stride: u32,
  // Nodes per curve.
  nodes: u32,
  // Network of the first group, and the difference of neighbouring groups.
  first: i32,
  step: i32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

const CURVE = /* wgsl */ `
// The value of the curve at x, and its slope; constant beyond the outer nodes.
fn curveAt(x: f32, at: u32) -> vec2f {
  let p = parameters;
  let network = u32(p.first + p.step * i32(at / p.group));
  let half = 0.5 * f32(p.nodes);
  let t = x * half + half - 0.5;
  let last = f32(p.nodes - 1);
  let inside = clamp(t, 0, last);
  let node = min(u32(inside), p.nodes - 2);
  let base = network * p.nodes + node;
  let rise = curves[base + 1] - curves[base];
  return vec2f(
    curves[base] + (inside - f32(node)) * rise,
    select(0.0, rise * half, t > 0 && t < last),
  );
}
`;

const MAIN = (body: string) => /* wgsl */ `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * parameters.stride + id.x;
  if (at >= parameters.count) { return; }
  ${body}
}
`;

/** y = tanh(residual + curve(x)). */
export const TRANSFER: Kernel = {
  label: "intensity transfer",
  code: /* wgsl */ `
// Some drivers compute the tanh of large numbers as infinity by infinity. That of 15 is 1 in single precision.
const MAX_ARGUMENT = 15f;
${SHARED}
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> residuals: array<f32>;
@group(0) @binding(3) var<storage, read> curves: array<f32>;
@group(0) @binding(4) var<storage, read_write> output: array<f32>;
${CURVE}
${
    MAIN(
      `let sum = residuals[at] + curveAt(images[at], at).x;
  output[at] = tanh(clamp(sum, -MAX_ARGUMENT, MAX_ARGUMENT));`,
    )
  }
`,
};

/** The gradient by the residual: dy (1 - y^2). */
export const RESIDUAL_GRADIENT: Kernel = {
  label: "intensity transfer: gradient by the residual",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> results: array<f32>;
@group(0) @binding(2) var<storage, read> resultGradient: array<f32>;
@group(0) @binding(3) var<storage, read_write> output: array<f32>;
${MAIN("output[at] = resultGradient[at] * (1 - results[at] * results[at]);")}
`,
};

/** The gradient by the image: dy (1 - y^2) curve'(x). */
export const IMAGE_GRADIENT: Kernel = {
  label: "intensity transfer: gradient by the image",
  code: /* wgsl */ `
${SHARED}
@group(0) @binding(1) var<storage, read> images: array<f32>;
@group(0) @binding(2) var<storage, read> curves: array<f32>;
@group(0) @binding(3) var<storage, read> results: array<f32>;
@group(0) @binding(4) var<storage, read> resultGradient: array<f32>;
@group(0) @binding(5) var<storage, read_write> output: array<f32>;
${CURVE}
${
    MAIN(
      "output[at] = resultGradient[at] * (1 - results[at] * results[at]) * curveAt(images[at], at).y;",
    )
  }
`,
};
