import type { Kernel } from "./gpu.ts";

/** Fixed bin of a voxel that does not count. */
export const NO_BIN = 255;

/**
 * Intensities to bin units, (I - low) / (high - low) * (bins - 1) clipped to [0, bins - 1]: the moving
 * image stays a float (OUTSIDE where it does not count), the fixed one becomes a byte, four a word.
 */
export const BIN_INTENSITIES: Kernel = {
  label: "joint histogram: bin intensities",
  code: /* wgsl */ `
struct Parameters { size: vec3u, quads: u32, low: f32, scale: f32, bins: f32, masked: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> binned: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> bytes: array<u32>;
override wx: u32 = 32;
override wy: u32 = 2;
override toBytes: bool = false;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.size.z) { return; }
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  let intensity = source[quad];
  let inside = vec4u(4 * id.x) + vec4u(0, 1, 2, 3) < vec4u(p.size.x);
  let unmasked = (vec4u(p.masked) == vec4u(0)) | (mask[quad] >= vec4f(0.5));
  let valid = inside & unmasked & (intensity > vec4f(-1e20));
  let position = clamp((intensity - p.low) * p.scale, vec4f(0), vec4f(p.bins - 1));
  if (toBytes) {
    let bin = select(vec4u(${NO_BIN}), vec4u(round(position)), valid);
    bytes[quad] = bin.x | (bin.y << 8) | (bin.z << 16) | (bin.w << 24);
  } else {
    binned[quad] = select(vec4f(-1e30), position, valid);
  }
}`,
};

/**
 * Counts every voxel at its fixed bin and, linearly, at the two moving bins around its warped
 * intensity. Each workgroup has a copy of its own; counts are whole numbers, so that the order does
 * not matter.
 */
export const COUNT_JOINT: Kernel = {
  label: "joint histogram: count",
  code: /* wgsl */ `
struct Parameters { quads: u32, bins: u32, one: f32, stride: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> fixedBins: array<u32>;
@group(0) @binding(2) var<storage, read> warped: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> copies: array<atomic<u32>>;

fn count(at: u32, fixedBin: u32, value: f32) {
  if (fixedBin == ${NO_BIN} || value < -1e20) { return; }
  let lower = min(floor(value), f32(parameters.bins - 2));
  let upperWeight = u32(round((value - lower) * parameters.one));
  let bin = at + fixedBin * parameters.bins + u32(lower);
  atomicAdd(&copies[bin], u32(parameters.one) - upperWeight);
  if (upperWeight != 0) { atomicAdd(&copies[bin + 1], upperWeight); }
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(workgroup_id) group: vec3u) {
  let at = group.x * parameters.bins * parameters.bins;
  for (var quad = id.x; quad < parameters.quads; quad += parameters.stride) {
    let bins = fixedBins[quad];
    let value = warped[quad];
    count(at, bins & 255, value.x);
    count(at, (bins >> 8) & 255, value.y);
    count(at, (bins >> 16) & 255, value.z);
    count(at, bins >> 24, value.w);
  }
}`,
};

/** Sums the copies in order, in voxels, and clears them for the next count. */
export const SUM_JOINT: Kernel = {
  label: "joint histogram: sum copies",
  code: /* wgsl */ `
struct Parameters { cells: u32, copies: u32, one: f32, padding: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> copies: array<u32>;
@group(0) @binding(2) var<storage, read_write> histogram: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.cells) { return; }
  var sum = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = copy * parameters.cells + id.x;
    sum += f32(copies[at]) / parameters.one;
    copies[at] = 0;
  }
  histogram[id.x] = sum;
}`,
};
