import type { Kernel } from "../gpu/gpu.ts";

/** Voxels of each label in either image and in both. */
export const COUNT_LABELS: Kernel = {
  label: "Dice counts",
  code: /* wgsl */ `
struct Parameters { size: vec3u, pitch: u32, labels: u32, padding0: u32, padding1: u32, padding2: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> a: array<i32>;
@group(0) @binding(2) var<storage, read> b: array<i32>;
@group(0) @binding(3) var<storage, read> labels: array<i32>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let left = a[at];
  let right = b[at];
  for (var i = 0u; i < p.labels; i++) {
    let inLeft = left == labels[i];
    let inRight = right == labels[i];
    if (inLeft) { atomicAdd(&counts[3 * i], 1); }
    if (inRight) { atomicAdd(&counts[3 * i + 1], 1); }
    if (inLeft && inRight) { atomicAdd(&counts[3 * i + 2], 1); }
  }
}`,
};
