import type { Kernel } from "../gpu/gpu.ts";

/**
 * Smooths the costs of all displacements along one axis of the points, with the weights 1, 4, 6, 4 and 1 over 16. The
 * border continues beyond the points.
 */
export const SMOOTH_COSTS: Kernel = {
  label: "Discrete search: smooth costs",
  code: /* wgsl */ `
struct Parameters {
  inner: u32,   // quads from one point of the axis to the next
  number: u32,  // points along the axis
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.inner) { return; }
  let last = p.number - 1;
  let line = id.z * p.number * p.inner + id.x;
  let a = source[line + (max(id.y, 2) - 2) * p.inner];
  let b = source[line + (max(id.y, 1) - 1) * p.inner];
  let c = source[line + id.y * p.inner];
  let d = source[line + min(id.y + 1, last) * p.inner];
  let e = source[line + min(id.y + 2, last) * p.inner];
  smoothed[line + id.y * p.inner] = ((a + e) + 4 * (b + d) + 6 * c) * 0.0625;
}`,
};
