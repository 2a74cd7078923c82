import type { Kernel } from "../gpu/gpu.ts";

/**
 * The weighted sum of two dissimilarities and of their gradients, a E_1 + b E_2 (eq. 7). The number of
 * voxels is that of the first dissimilarity.
 */
export const WEIGHTED_SUM: Kernel = {
  label: "Weighted sum",
  code: /* wgsl */ `
struct Parameters {
  first: f32,   // weight of the first dissimilarity
  second: f32,  // weight of the second dissimilarity
  count: u32,   // number of control points
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> firstScalars: array<f32>;
@group(0) @binding(2) var<storage, read> secondScalars: array<f32>;
@group(0) @binding(3) var<storage, read> firstGradient: array<vec4f>;
@group(0) @binding(4) var<storage, read> secondGradient: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> scalars: array<f32>;
@group(0) @binding(6) var<storage, read_write> gradient: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x == 0) {
    scalars[0] = p.first * firstScalars[0] + p.second * secondScalars[0];
    scalars[1] = firstScalars[1];
  }
  if (id.x < p.count) {
    gradient[id.x] = p.first * firstGradient[id.x] + p.second * secondGradient[id.x];
  }
}`,
};
