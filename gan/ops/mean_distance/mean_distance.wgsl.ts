import type { Kernel } from "../../../kernels/gpu/gpu.ts";

/** A distance of values a and b: |a - b|, or the square of a minus a target. */
export type Distance = "absolute" | "square";

/** Number of invocations per group. */
export const LANES = 64;

/** Bindings of both kernels. */
const SHARED = (distance: Distance) => /* wgsl */ `
struct Parameters {
  // Values per image and per group of images.
  image: u32,
  group: u32,
  groups: u32,
  // Invocations per row of workgroups.
  stride: u32,
  // Targets of the images with an even and with an odd index.
  evenTarget: f32,
  oddTarget: f32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> values: array<f32>;
${distance === "absolute" ? "@group(0) @binding(2) var<storage, read> others: array<f32>;" : ""}

fn differenceAt(at: u32) -> f32 {
  ${
  distance === "absolute"
    ? "return values[at] - others[at];"
    : "return values[at] - select(parameters.oddTarget, parameters.evenTarget, at / parameters.image % 2 == 0);"
}
}
`;

/** Means of the distances over each group of images; a workgroup computes a group. */
export function meanDistance(distance: Distance): Kernel {
  const binding = distance === "absolute" ? 3 : 2;
  return {
    label: `mean distance: value (${distance})`,
    code: /* wgsl */ `
${SHARED(distance)}
@group(0) @binding(${binding}) var<storage, read_write> means: array<f32>;
var<workgroup> sums: array<f32, ${LANES}>;

@compute @workgroup_size(${LANES})
fn main(@builtin(workgroup_id) id: vec3u, @builtin(local_invocation_index) lane: u32) {
  let p = parameters;
  var sum = 0.0;
  for (var i = lane; i < p.group; i += ${LANES}) {
    let difference = differenceAt(id.x * p.group + i);
    sum += ${distance === "absolute" ? "abs(difference)" : "difference * difference"};
  }
  sums[lane] = sum;
  workgroupBarrier();
  if (lane > 0) { return; }
  var all = 0.0;
  for (var i = 0u; i < ${LANES}; i++) { all += sums[i]; }
  means[id.x] = all / f32(p.group);
}
`,
  };
}

/** The gradient of the means by the values. */
export function meanDistanceGradient(distance: Distance): Kernel {
  const binding = distance === "absolute" ? 3 : 2;
  return {
    label: `mean distance: gradient (${distance})`,
    code: /* wgsl */ `
${SHARED(distance)}
@group(0) @binding(${binding}) var<storage, read> meanGradient: array<f32>;
@group(0) @binding(${binding + 1}) var<storage, read_write> gradient: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let at = id.y * p.stride + id.x;
  if (at >= p.group * p.groups) { return; }
  let difference = differenceAt(at);
  let slope = ${distance === "absolute" ? "sign(difference)" : "2 * difference"};
  gradient[at] = slope * meanGradient[at / p.group] / f32(p.group);
}
`,
  };
}
