import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { VARIANCE_FLOOR } from "../local_correlation/local_correlation.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import { momentItems, productComponent } from "./channel_moments.wgsl.ts";
import { maxChannelValue, MIND_LAYOUTS } from "./layout.ts";
import type { ChannelBits, MindNeighbourhood } from "./layout.ts";

/** Blocks of a line that one invocation smooths. */
export const SMOOTHED_TOGETHER = 8;

/**
 * Smooths arrays of blocks along one axis by the weights side, 1 - 2 side, side; beyond the ends there is nothing. It is
 * its own transpose. The arrays are [outer][length][inner].
 */
export const SMOOTH_BLOCKS: Kernel = {
  label: "MIND windows of blocks",
  code: /* wgsl */ `
struct Parameters {
  inner: u32,        // elements before the axis, which varies slower
  length: u32,       // blocks along the axis
  outer: u32,        // elements after the axis
  side: f32,         // weight of a neighbour
  invocations: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> blocks: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let item = id.x + id.y * p.invocations;
  let runs = (p.length + ${SMOOTHED_TOGETHER - 1}) / ${SMOOTHED_TOGETHER};
  let run = item / p.inner;
  let outer = run / runs;
  if (outer >= p.outer) { return; }
  let first = ${SMOOTHED_TOGETHER} * (run - outer * runs);
  let end = min(first + ${SMOOTHED_TOGETHER}, p.length);
  let origin = outer * p.length * p.inner + item - run * p.inner;
  var before = select(0.0, 1.0, first > 0) * blocks[origin + (max(first, 1) - 1) * p.inner];
  var here = blocks[origin + first * p.inner];
  for (var k = first; k < end; k++) {
    let after = select(0.0, 1.0, k + 1 < p.length) * blocks[origin + min(k + 1, p.length - 1) * p.inner];
    smoothed[origin + k * p.inner] = (1 - 2 * p.side) * here + p.side * (before + after);
    before = here;
    here = after;
  }
}`,
};

/** Workgroups that sum the windows; each computes one partial sum. */
export const WINDOW_PARTS = 64;

/**
 * The correlations of all channels in every window, and the coefficients of their derivatives. With the weight W of a
 * window, and G of a voxel in it, W dcc/dm(x) = sum over windows of G (A f(x) - B m(x) + C), where A = 1 / sqrt(v_f v_m),
 * B = cc / v_m and C = B mean_m - A mean_f. Stored are the coefficients of the stored entries of f and m, and what is
 * left, of the derivative by the stored entry of m of the sum of (1 - mean over channels of cc) W.
 */
export function channelCorrelation(neighbourhood: MindNeighbourhood, bits: ChannelBits): Kernel {
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const all = Array.from({ length: channels }, (_, c) => c);
  const items = Array.from({ length: momentItems(channels) }, (_, i) => i);
  const perUnit = 1 / maxChannelValue(bits);
  const weight = productComponent(channels, channels);
  return {
    label: `MIND correlation of windows (${neighbourhood}, ${bits} bits)`,
    code: /* wgsl */ `
struct Parameters { blocks: u32 }  // number of blocks
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> moments: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> slopes: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u) {
  let count = parameters.blocks;
  var sum = vec2f(0);
  for (var i = id.x; i < count; i += ${64 * WINDOW_PARTS}) {
    ${items.map((item) => `let s${item} = moments[${item} * count + i];`).join("\n    ")}
    let weight = s${weight.item}.${weight.lane};
    let counts = weight > 1e-6;
    let perWeight = select(0.0, 1 / weight, counts);
    var correlations = 0.0;
    ${
      all.map((c) => {
        const { item, lane } = productComponent(channels, c);
        return `{
      let a = s${c} * perWeight;
      let varianceF = max(a.z - a.x * a.x, 0) + ${VARIANCE_FLOOR};
      let varianceM = max(a.w - a.y * a.y, 0) + ${VARIANCE_FLOOR};
      let perF = inverseSqrt(varianceF * varianceM);
      let correlation = (s${item}.${lane} * perWeight - a.x * a.y) * perF;
      let perM = correlation / varianceM;
      correlations += correlation;
      let rest = perM * (0.5 + a.y) - perF * (0.5 + a.x);
      let slope = ${perUnit / channels} * vec3f(${perUnit} * perF, ${perUnit} * perM, rest);
      slopes[${c} * count + i] = select(vec4f(0), vec4f(slope, 0), counts);
    }`;
      }).join("\n    ")
    }
    let value = weight * (1 - correlations * ${1 / channels});
    sum += select(vec2f(0), vec2f(value, weight), counts);
  }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { parts[group.x] = partial[0]; }
}`,
  };
}
