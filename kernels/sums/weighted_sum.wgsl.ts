import type { Kernel } from "../gpu/gpu.ts";

/** Two dissimilarities and their gradients as one, a E_1 + b E_2 (eq. 7); what counts is what counts in the first. */
export const WEIGHTED_SUM: Kernel = {
  label: "weighted sum",
  code: /* wgsl */ `
struct Parameters { first: f32, second: f32, count: u32, padding: u32 }
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
