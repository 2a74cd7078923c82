/**
 * WGSL: the uniform block of the kernels with a curve for each network, and the network of a value.
 *
 * @param fields - Further fields of the block.
 */
export const curveParameters = (fields = ""): string => /* wgsl */ `
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
  ${fields}
}
@group(0) @binding(0) var<uniform> parameters: Parameters;

fn networkOf(at: u32) -> u32 {
  return u32(parameters.first + parameters.step * i32(at / parameters.group));
}
`;

/** WGSL: the curve of a value's network, from the binding `curves`. */
export const CURVE = /* wgsl */ `
// The value of the curve at x, and its slope; constant beyond the outer nodes.
fn curveAt(x: f32, at: u32) -> vec2f {
  let nodes = parameters.nodes;
  let half = 0.5 * f32(nodes);
  let t = x * half + half - 0.5;
  let last = f32(nodes - 1);
  let inside = clamp(t, 0, last);
  let node = min(u32(inside), nodes - 2);
  let base = networkOf(at) * nodes + node;
  let rise = curves[base + 1] - curves[base];
  return vec2f(
    curves[base] + (inside - f32(node)) * rise,
    select(0.0, rise * half, t > 0 && t < last),
  );
}
`;

/** WGSL: the entry of a kernel with an invocation for each value `at`. */
export const forEachValue = (body: string): string => /* wgsl */ `
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let at = id.y * parameters.stride + id.x;
  if (at >= parameters.count) { return; }
  ${body}
}
`;
