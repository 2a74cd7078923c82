import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";

/** Replaces the values of voxels outside a mask by NO_VALUE. */
export const MASK_IMAGE: Kernel = {
  label: "Masking",
  code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  quads: u32,   // quads of voxels in the bound planes
  stride: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> masked: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  masked[i] = select(vec4f(NO_VALUE), image[i], mask[i] >= vec4f(0.5));
}`,
};
