import type { Kernel } from "../gpu/gpu.ts";

/** The product of an image and a number. */
export const SCALE_IMAGE: Kernel = {
  label: "Image scaling",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
  factor: f32, // factor of every voxel
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> scaled: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  scaled[i] = parameters.factor * image[i];
}`,
};
