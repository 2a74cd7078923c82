import type { Kernel } from "../gpu/gpu.ts";

/**
 * A matrix applied along one axis of an array of vectors, with a factor for each result: one pass of a
 * separable transform.
 */
export const ALONG_AXIS: Kernel = {
  label: "Matrix along an axis",
  code: /* wgsl */ `
struct Parameters {
  inner: u32,   // elements of the axes before this one
  length: u32,  // elements of this axis
  outer: u32,   // elements of the axes after this one
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> matrix: array<f32>;  // [from * length + to]
@group(0) @binding(2) var<storage, read> factors: array<f32>; // of each result
@group(0) @binding(3) var<storage, read> source: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> results: array<vec4f>;
override scaled: bool = false;  // whether the results are multiplied with the factors

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.inner * p.length || id.y >= p.outer) { return; }
  let to = id.x / p.inner;
  let first = id.y * p.length * p.inner + id.x % p.inner;
  var sum = vec4f(0);
  for (var k = 0u; k < p.length; k++) {
    sum += matrix[k * p.length + to] * source[first + k * p.inner];
  }
  let at = first + to * p.inner;
  if (scaled) { sum *= factors[at]; }
  results[at] = sum;
}`,
};
