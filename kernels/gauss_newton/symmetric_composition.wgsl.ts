import type { Kernel } from "../gpu/gpu.ts";

/** An image times a number. */
export const SCALE_IMAGE: Kernel = {
  label: "scale image",
  code: /* wgsl */ `
struct Parameters { quads: u32, stride: u32, factor: f32, padding: u32 }
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
