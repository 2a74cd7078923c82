import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { VARIANCE_FLOOR } from "../local_correlation/local_correlation.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import { momentItems, productComponent, slopeComponents, slopeItems } from "./channel_blocks.ts";
import { maxChannelValue, MIND_LAYOUTS } from "./layout.ts";
import type { ChannelBits, MindNeighbourhood } from "./layout.ts";

/** Planes of blocks that one invocation correlates. */
export const CORRELATED_TOGETHER = 8;

/**
 * The correlations of all channels in every window, and the coefficients of their derivatives. With the weight W of a
 * window, and G of a voxel in it, W dcc/dm(x) = sum over windows of G (A f(x) - B m(x) + C), where A = 1 / sqrt(v_f v_m),
 * B = cc / v_m and C = B mean_m - A mean_f. Stored are the coefficients of the stored entries of f and m, and what is
 * left, of the derivative by the stored entry of m of the sum of (1 - mean over channels of cc) W.
 *
 * The moments are those of windows along x and y. An invocation slides along z: it smooths the moments, correlates
 * them, and smooths the coefficients, of which the transpose along x and y remains. The sums W and (1 - cc) W of each
 * window are stored next to the coefficients.
 */
export function channelCorrelation(neighbourhood: MindNeighbourhood, bits: ChannelBits): Kernel {
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const all = Array.from({ length: channels }, (_, c) => c);
  const items = Array.from({ length: momentItems(channels) }, (_, i) => i);
  const results = Array.from({ length: slopeItems(channels) }, (_, i) => i);
  const perUnit = 1 / maxChannelValue(bits);
  const weight = productComponent(channels, channels);
  const slopes = slopeComponents(channels);
  const sums = [slopes.value, slopes.weight];
  /** The moments of the block in a plane: nothing where no plane is bound. */
  const load = (name: string, plane: string) =>
    `let ${name}Plane = ${plane};
    let ${name}Counts = select(0.0, 1.0, ${name}Plane < p.bound);
    let ${name}At = min(${name}Plane, p.bound - 1) * ${items.length} * p.area + column;
    ${
      items.map((i) => `let ${name}${i} = ${name}Counts * moments[${name}At + ${i} * p.area];`)
        .join("\n    ")
    }`;
  const name = `${neighbourhood}, ${bits} bits`;
  return {
    label: `MIND correlation of windows (${name})`,
    code: /* wgsl */ `
struct Parameters {
  area: u32,         // elements of an item of a plane
  blocks: u32,       // blocks of a plane
  bound: u32,        // planes of moments that are bound
  first: u32,        // the first of them that is correlated
  planes: u32,       // planes that are correlated
  side: f32,         // weight of a neighbour
  invocations: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> moments: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> slopes: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let item = id.x + id.y * p.invocations;
  let run = item / p.blocks;
  let column = item - run * p.blocks;
  let begin = ${CORRELATED_TOGETHER} * run;
  if (begin >= p.planes) { return; }
  let end = min(begin + ${CORRELATED_TOGETHER}, p.planes);
  let centre = 1 - 2 * p.side;
  // Planes before the first one are large numbers, and not bound.
  let origin = p.first + begin;
  ${load("first", "origin - 2")}
  ${load("second", "origin - 1")}
  ${items.map((i) => `var before${i} = first${i}; var here${i} = second${i};`).join("\n  ")}
  ${
      results.map((i) => `var slopesBefore${i} = vec4f(0); var slopesHere${i} = vec4f(0);`).join(
        "\n  ",
      )
    }
  for (var k = 0u; k < end - begin + 2; k++) {
    ${load("after", "origin + k")}
    ${
      items.map((i) => `let s${i} = centre * here${i} + p.side * (before${i} + after${i});`)
        .join("\n    ")
    }
    let weight = s${weight.item}.${weight.lane};
    let counts = origin + k - 1 < p.bound && weight > 1e-6;
    let perWeight = select(0.0, 1 / weight, counts);
    var correlations = 0.0;
    ${results.map((i) => `var slopesAfter${i} = vec4f(0);`).join(" ")}
    ${
      all.map((c) => {
        const { item, lane } = productComponent(channels, c);
        const [ofF, ofM, rest] = slopes.ofChannel[c].map(({ item, lane }) =>
          `slopesAfter${item}.${lane}`
        );
        return `{
      let a = s${c} * perWeight;
      let varianceF = max(a.z - a.x * a.x, 0) + ${VARIANCE_FLOOR};
      let varianceM = max(a.w - a.y * a.y, 0) + ${VARIANCE_FLOOR};
      let perF = inverseSqrt(varianceF * varianceM);
      let correlation = (s${item}.${lane} * perWeight - a.x * a.y) * perF;
      let perM = correlation / varianceM;
      correlations += correlation;
      ${ofF} = ${perUnit ** 2 / channels} * perF;
      ${ofM} = ${perUnit ** 2 / channels} * perM;
      ${rest} = ${perUnit / channels} * (perM * (0.5 + a.y) - perF * (0.5 + a.x));
    }`;
      }).join("\n    ")
    }
    slopesAfter${slopes.value.item}.${slopes.value.lane} = weight * (1 - correlations * ${
      1 / channels
    });
    slopesAfter${slopes.weight.item}.${slopes.weight.lane} = weight;
    ${
      results.map((i) => `slopesAfter${i} = select(vec4f(0), slopesAfter${i}, counts);`)
        .join("\n    ")
    }
    if (k >= 2) {
      let at = (begin + k - 2) * ${results.length} * p.area + column;
      ${
      results.map((i) =>
        `var smoothed${i} = centre * slopesHere${i} + p.side * (slopesBefore${i} + slopesAfter${i});`
      ).join("\n      ")
    }
      ${
      sums.map(({ item, lane }) => `smoothed${item}.${lane} = slopesHere${item}.${lane};`)
        .join("\n      ")
    }
      ${results.map((i) => `slopes[at + ${i} * p.area] = smoothed${i};`).join("\n      ")}
    }
    ${items.map((i) => `before${i} = here${i}; here${i} = after${i};`).join("\n    ")}
    ${
      results.map((i) => `slopesBefore${i} = slopesHere${i}; slopesHere${i} = slopesAfter${i};`)
        .join("\n    ")
    }
  }
}`,
  };
}

/** The cost and the weight of the windows of each plane of blocks; a workgroup sums a plane. */
export function sumWindows(neighbourhood: MindNeighbourhood): Kernel {
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const { value, weight } = slopeComponents(channels);
  return {
    label: `MIND sum of windows (${neighbourhood})`,
    code: /* wgsl */ `
struct Parameters {
  area: u32,       // elements of an item of a plane
  blocks: u32,     // blocks of a plane
  firstPart: u32,  // index of the first partial sum
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> slopes: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(local_invocation_index) worker: u32, @builtin(workgroup_id) group: vec3u) {
  let p = parameters;
  let plane = group.x * ${slopeItems(channels)} * p.area;
  var sum = vec2f(0);
  for (var i = worker; i < p.blocks; i += 64) {
    sum += vec2f(slopes[plane + ${value.item} * p.area + i].${value.lane},
      slopes[plane + ${weight.item} * p.area + i].${weight.lane});
  }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { parts[p.firstPart + group.x] = partial[0]; }
}`,
  };
}
