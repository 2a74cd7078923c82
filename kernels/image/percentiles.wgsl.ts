import type { Kernel } from "../gpu/gpu.ts";

/** Number of values of one digit of a sorting key. */
export const DIGITS = 2048;
/** Maximum number of order statistics that are found together. */
export const MAX_RANKS = 8;

/**
 * One pass of a radix selection: counts, for every order statistic sought, the next digit of the keys
 * that begin with the digits found so far. Keys have the order of the floats.
 */
export const COUNT_DIGITS: Kernel = {
  label: "Percentile digit counts",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,      // voxels of the bound planes
  pitch: u32,       // voxels from one row to the next
  ranks: u32,       // order statistics sought
  shift: u32,       // lowest bit of the digit
  knownMask: u32,   // bits of a key that are found already
  masked: u32,      // whether there is a mask
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<u32>;
@group(0) @binding(2) var<storage, read> mask: array<f32>;
@group(0) @binding(3) var<storage, read> prefixes: array<u32>;
@group(0) @binding(4) var<storage, read_write> counts: array<atomic<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  if (p.masked != 0 && mask[at] < 0.5) { return; }
  let bits = source[at];
  let key = select(bits | 0x80000000, ~bits, (bits & 0x80000000) != 0);
  for (var rank = 0u; rank < p.ranks; rank++) {
    if ((key & p.knownMask) == prefixes[rank]) {
      atomicAdd(&counts[rank * ${DIGITS} + ((key >> p.shift) & ${DIGITS - 1})], 1);
    }
  }
}`,
};
