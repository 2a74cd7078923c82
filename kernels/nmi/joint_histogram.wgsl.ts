import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { BIN_UNITS } from "../image/_bin_units.wgsl.ts";

/** The fixed bin of a voxel that does not count. */
export const NO_BIN = 255;

/** Intensities to bins: bytes, four per word. */
export const FIXED_BINS: Kernel = {
  label: "Joint histogram fixed bins",
  code: /* wgsl */ `
${BIN_UNITS}
@group(0) @binding(3) var<storage, read_write> bytes: array<u32>;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.size.z) { return; }
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  let here = binned(quad, 4 * id.x);
  let bin = select(vec4u(${NO_BIN}), vec4u(round(here.position)), here.valid);
  bytes[quad] = bin.x | (bin.y << 8) | (bin.z << 16) | (bin.w << 24);
}`,
};

/**
 * Counts every voxel at its fixed bin and, linearly, at the two moving bins around its warped
 * intensity. Each workgroup counts into a copy of its own; counts are whole numbers, so that their order
 * does not matter.
 */
export const COUNT_JOINT: Kernel = {
  label: "Joint histogram counts",
  code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  quads: u32,            // quads of voxels in the bound planes
  bins: u32,             // bins along each axis
  countsPerVoxel: f32,   // the whole number that one voxel adds
  stride: u32,           // number of invocations
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> fixedBins: array<u32>;
@group(0) @binding(2) var<storage, read> warped: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> copies: array<atomic<u32>>;

fn count(at: u32, fixedBin: u32, value: f32) {
  if (fixedBin == ${NO_BIN} || !hasValue(value)) { return; }
  let lower = min(floor(value), f32(parameters.bins - 2));
  let upperWeight = u32(round((value - lower) * parameters.countsPerVoxel));
  let bin = at + fixedBin * parameters.bins + u32(lower);
  atomicAdd(&copies[bin], u32(parameters.countsPerVoxel) - upperWeight);
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
  label: "Joint histogram sum",
  code: /* wgsl */ `
struct Parameters {
  cells: u32,            // cells of the histogram
  copies: u32,           // number of copies
  countsPerVoxel: f32,   // the whole number that one voxel added
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read_write> copies: array<u32>;
@group(0) @binding(2) var<storage, read_write> histogram: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= parameters.cells) { return; }
  var sum = 0.0;
  for (var copy = 0u; copy < parameters.copies; copy++) {
    let at = copy * parameters.cells + id.x;
    sum += f32(copies[at]) / parameters.countsPerVoxel;
    copies[at] = 0;
  }
  histogram[id.x] = sum;
}`,
};
