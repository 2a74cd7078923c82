/**
 * Shaders of the Gauss-Newton equations.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

/** The product of two images, voxel by voxel. */
export const MULTIPLY_IMAGES: Kernel = {
  label: "Image product",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<vec4f>;
@group(0) @binding(2) var<storage, read> b: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> product: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  product[i] = a[i] * b[i];
}`,
};

/**
 * Replaces the right-hand side b, which belongs to the increment of the displacement, by A u - b, which
 * belongs to the displacement itself. All images are checkerboards.
 */
export const RIGHT_HAND_SIDE: Kernel = {
  label: "Normal equations right-hand side",
  code: /* wgsl */ `
struct Parameters {
  quads: u32,  // quads that are bound
  stride: u32, // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> ux: array<vec4f>;
@group(0) @binding(2) var<storage, read> uy: array<vec4f>;
@group(0) @binding(3) var<storage, read> uz: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> equations: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let i = id.y * parameters.stride + id.x;
  if (i >= parameters.quads) { return; }
  let at = 9 * i;
  let x = ux[i];
  let y = uy[i];
  let z = uz[i];
  let xy = equations[at + 1];
  let xz = equations[at + 2];
  let yz = equations[at + 4];
  equations[at + 6] = equations[at] * x + xy * y + xz * z - equations[at + 6];
  equations[at + 7] = xy * x + equations[at + 3] * y + yz * z - equations[at + 7];
  equations[at + 8] = xz * x + yz * y + equations[at + 5] * z - equations[at + 8];
}`,
};
