import type { Kernel } from "../gpu/gpu.ts";

/** Fixed bin of a voxel that does not count. */
export const NO_BIN = 255;

/** The 16-bit value of a voxel that does not count. */
export const NO_VALUE = 65535;

/**
 * Intensities to bin units, (I - low) / (high - low) * (bins - 1) clipped to [0, bins - 1]. The fixed
 * image becomes a byte a voxel, four a word. The moving one becomes 16 bits a voxel, each word holding a
 * voxel and its neighbour along x: what interpolation loads together.
 */
export const BIN_INTENSITIES: Kernel = {
  label: "joint histogram: bin intensities",
  code: /* wgsl */ `
struct Parameters { size: vec3u, quads: u32, low: f32, scale: f32, bins: f32, masked: u32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> mask: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec4u>;
@group(0) @binding(4) var<storage, read_write> bytes: array<u32>;
override wx: u32 = 32;
override wy: u32 = 2;
override toBytes: bool = false;

struct Binned { position: vec4f, valid: vec4<bool> }

fn binned(quad: u32, x: u32) -> Binned {
  let p = parameters;
  let intensity = source[quad];
  let inside = vec4u(x) + vec4u(0, 1, 2, 3) < vec4u(p.size.x);
  let unmasked = (vec4u(p.masked) == vec4u(0)) | (mask[quad] >= vec4f(0.5));
  let position = clamp((intensity - p.low) * p.scale, vec4f(0), vec4f(p.bins - 1));
  return Binned(position, inside & unmasked & (intensity > vec4f(-1e20)));
}

fn coded(b: Binned) -> vec4u {
  let steps = ${NO_VALUE - 1} / (parameters.bins - 1);
  return select(vec4u(${NO_VALUE}), vec4u(round(b.position * steps)), b.valid);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.size.z) { return; }
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  let here = binned(quad, 4 * id.x);
  if (toBytes) {
    let bin = select(vec4u(${NO_BIN}), vec4u(round(here.position)), here.valid);
    bytes[quad] = bin.x | (bin.y << 8) | (bin.z << 16) | (bin.w << 24);
  } else {
    let v = coded(here);
    var next = vec4u(v.yzw, ${NO_VALUE});
    if (id.x + 1 < p.quads) { next.w = coded(binned(quad + 1, 4 * id.x + 4)).x; }
    // The row's last voxel is its own neighbour.
    let last = vec4u(4 * id.x) + vec4u(0, 1, 2, 3) + 1 >= vec4u(p.size.x);
    pairs[quad] = v | (select(next, v, last) << vec4u(16));
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
