import type { Kernel } from "../gpu/gpu.ts";

/** Values that one digit of a sorting key takes. */
export const DIGITS = 2048;
/** Order statistics found together. */
export const MAX_RANKS = 8;

/**
 * Counts, for every order statistic sought, the next digit of the keys that begin with the digits found
 * so far (a radix selection). Keys order as the floats do.
 */
export const COUNT_DIGITS: Kernel = {
  label: "percentiles: count digits",
  code: /* wgsl */ `
struct Parameters { size: vec3u, pitch: u32, ranks: u32, shift: u32, knownMask: u32, masked: u32 }
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
