import type { Kernel } from "../gpu/gpu.ts";

/** Takes the value from voxels that a mask leaves out. */
export const MASK_IMAGE: Kernel = {
  label: "mask image",
  code: /* wgsl */ `
struct Parameters { quads: u32, stride: u32, padding0: u32, padding1: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> masked: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  masked[i] = select(vec4f(-1e30), image[i], mask[i] >= vec4f(0.5));
}`,
};
