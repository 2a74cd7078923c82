import type { Kernel } from "../gpu/gpu.ts";
import { NO_DESCRIPTOR } from "../mind/layout.ts";

/**
 * S = mean |shifted - still| over six channels, and its change S(+1) - S(-1) when the shifted image's
 * descriptors are taken one voxel further or nearer along each axis. At a voxel without a descriptor, S is -1
 * and all changes are 0; along an axis on which a neighbour has no descriptor, the change is 0.
 */
export const MIND_SHIFT: Kernel = {
  label: "MIND difference and its changes by shifts",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,       // voxels
  pitch: u32,        // elements from one row to the next
  begin: u32,        // first plane that is written
  planes: u32,       // planes that are written
  shiftedBegin: u32, // first plane of the shifted descriptors that is bound
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> shifted: array<vec2u>;
@group(0) @binding(2) var<storage, read> still: array<vec2u>;
@group(0) @binding(3) var<storage, read_write> difference: array<f32>;
@group(0) @binding(4) var<storage, read_write> alongX: array<f32>;
@group(0) @binding(5) var<storage, read_write> alongY: array<f32>;
@group(0) @binding(6) var<storage, read_write> alongZ: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;

const MISSING = ${NO_DESCRIPTOR}u;
const PER_STEP = 1 / (6.0 * 1023.0); // S per step of a channel of 10 bits

fn channel(words: vec2u, bit: u32) -> vec2i {
  return vec2i((words >> vec2u(bit)) & vec2u(1023));
}

fn distance(a: vec2u, b: vec2u) -> i32 {
  let sum = abs(channel(a, 0) - channel(b, 0)) + abs(channel(a, 10) - channel(b, 10)) +
    abs(channel(a, 20) - channel(b, 20));
  return sum.x + sum.y;
}

fn change(here: vec2u, at: u32, step: u32, position: u32, size: u32) -> f32 {
  let inside = position > 0 && position + 1 < size;
  let before = shifted[select(at, at - step, inside)];
  let after = shifted[select(at, at + step, inside)];
  let exists = inside && before.x != MISSING && after.x != MISSING;
  return select(0.0, f32(distance(after, here) - distance(before, here)) * PER_STEP, exists);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.pitch || id.y >= p.size.y || id.z >= p.planes) { return; }
  let z = p.begin + id.z;
  let plane = p.pitch * p.size.y;
  let out = id.z * plane + id.y * p.pitch + id.x;
  let at = (z - p.shiftedBegin) * plane + id.y * p.pitch + id.x;
  let a = shifted[at];
  let b = still[out];
  let exists = id.x < p.size.x && a.x != MISSING && b.x != MISSING;
  if (!exists) {
    difference[out] = -1;
    alongX[out] = 0;
    alongY[out] = 0;
    alongZ[out] = 0;
    return;
  }
  difference[out] = f32(distance(a, b)) * PER_STEP;
  alongX[out] = change(b, at, 1, id.x, p.size.x);
  alongY[out] = change(b, at, p.pitch, id.y, p.size.y);
  alongZ[out] = change(b, at, plane, z, p.size.z);
}`,
};
