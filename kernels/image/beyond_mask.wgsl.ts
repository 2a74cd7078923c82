import type { Kernel } from "../gpu/gpu.ts";

/** Replaces the values of voxels outside a mask by one of two weighted means, or by a number without weights. */
export const BEYOND_MASK: Kernel = {
  label: "Beyond mask",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,     // quads of voxels in the bound planes
  stride: u32,    // invocations per row of workgroups
  farValue: f32,  // the value of voxels without weights
  minWeight: f32, // smaller weights are none
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read> nearSums: array<vec4f>;
@group(0) @binding(4) var<storage, read> nearWeights: array<vec4f>;
@group(0) @binding(5) var<storage, read> farSums: array<vec4f>;
@group(0) @binding(6) var<storage, read> farWeights: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> result: array<vec4f>;

fn meanOr(sums: vec4f, weights: vec4f, otherwise: vec4f) -> vec4f {
  let smallest = vec4f(parameters.minWeight);
  return select(otherwise, sums / max(weights, smallest), weights >= smallest);
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  let far = meanOr(farSums[i], farWeights[i], vec4f(parameters.farValue));
  let beyond = meanOr(nearSums[i], nearWeights[i], far);
  result[i] = select(beyond, image[i], mask[i] >= vec4f(0.5));
}`,
};
