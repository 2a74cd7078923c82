/**
 * Shaders that sort the intensities of the images into the bins of the Mattes metric.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";
import { MATTES_OUTSIDE_BYTE, MATTES_WGSL } from "./mattes_constants.ts";

/** The uniform block and the image of both kernels. */
const COMMON = /* wgsl */ `
struct Parameters {
  minimum: f32, // intensity at the lower end of the first bin
  scale: f32,   // bins, or steps of the moving image, per intensity
  quads: u32,   // words of four voxels per row
  width: u32,   // voxels per row
  count: u32,   // words that are bound
  stride: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> image: array<vec4f>;
`;

/** The fixed image as one byte per voxel: the bin, or 255 for a voxel that does not count. */
export function mattesFixedBins(masked: boolean): Kernel {
  return {
    label: masked ? "Mattes fixed bins, masked" : "Mattes fixed bins",
    code: MATTES_WGSL + /* wgsl */ `
${COMMON}@group(0) @binding(2) var<storage, read_write> bytes: array<u32>;
${masked ? "@group(0) @binding(3) var<storage, read> mask: array<vec4i>;" : ""}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.stride + id.x;
  if (quad >= parameters.count || id.x >= parameters.stride) { return; }
  let units = (image[quad] - vec4f(parameters.minimum)) * parameters.scale;
  let bins = min(vec4u(max(units, vec4f(0.0))), vec4u(INNER - 1u));
  let x = 4u * (quad % parameters.quads) + vec4u(0u, 1u, 2u, 3u);
  var outside = x >= vec4u(parameters.width);
  ${masked ? "outside = outside | (mask[quad] == vec4i(0));" : ""}
  let b = select(bins, vec4u(${MATTES_OUTSIDE_BYTE}u), outside);
  bytes[quad] = b.x | (b.y << 8u) | (b.z << 16u) | (b.w << 24u);
}`,
  };
}

/**
 * The moving image for sampling, one u32 per voxel: the low half holds the voxel's own value, the high half
 * that of its right neighbour. Each half has 15 bits of value, and above them a bit that is set outside the
 * mask.
 */
export function mattesMovingPairs(masked: boolean): Kernel {
  return {
    label: masked ? "Mattes moving pairs, masked" : "Mattes moving pairs",
    code: MATTES_WGSL + /* wgsl */ `
${COMMON}@group(0) @binding(2) var<storage, read_write> pairs: array<vec4u>;
${masked ? "@group(0) @binding(3) var<storage, read> mask: array<vec4i>;" : ""}

fn voxels(quad: u32) -> vec4u {
  let units = (image[quad] - vec4f(parameters.minimum)) * parameters.scale;
  let value = vec4u(clamp(units, vec4f(0.0), vec4f(STEPS * f32(ROW) - 1.0)) + 0.5);
  ${masked ? "return value | select(vec4u(0u), vec4u(0x8000u), mask[quad] == vec4i(0));" : ""}
  ${masked ? "" : "return value;"}
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let quad = id.y * parameters.stride + id.x;
  if (quad >= parameters.count || id.x >= parameters.stride) { return; }
  let own = voxels(quad);
  var next = own.w;
  let column = quad % parameters.quads;
  if (column + 1u < parameters.quads) { next = voxels(quad + 1u).x; }
  // The last voxel of a row has no right neighbour: its own value is repeated.
  let right = vec4u(own.yzw, next);
  let x = 4u * column + vec4u(1u, 2u, 3u, 4u);
  pairs[quad] = own | (select(right, own, x >= vec4u(parameters.width)) << vec4u(16u));
}`,
  };
}
