import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { COST_BINDINGS, COST_FIELDS } from "./_control_point_cost.wgsl.ts";

/** Values of the constant `kind` of {@link REGULARISER}, which chooses the regulariser. */
export const REGULARISER_KINDS = { tv: 1, l2: 2 } as const;

/**
 * Value and gradient, on the control points, of isotropic total variation or of the squared L2 norm of the
 * displacement gradient. The kernel writes one partial sum of the value per workgroup and adds the gradient
 * to the buffer's content.
 */
export const REGULARISER: Kernel = {
  label: "Regulariser",
  code: /* wgsl */ `
struct Parameters {
  ${COST_FIELDS}
  smoothing: f32,    // added to the squared slope under total variation's root
}
${COST_BINDINGS}
override kind: u32 = 1;
var<workgroup> partial: array<f32, 64>;

struct Differences { x: vec3f, y: vec3f, z: vec3f }

// Forward differences per mm at a control point; 0 beyond the last one.
fn differences(k: vec3u, at: u32) -> Differences {
  let size = parameters.size;
  let here = knots[at].xyz;
  var d = Differences(vec3f(0), vec3f(0), vec3f(0));
  if (k.x + 1 < size.x) { d.x = (knots[at + 1].xyz - here) * parameters.perSpacing.x; }
  if (k.y + 1 < size.y) { d.y = (knots[at + size.x].xyz - here) * parameters.perSpacing.y; }
  if (k.z + 1 < size.z) { d.z = (knots[at + size.x * size.y].xyz - here) * parameters.perSpacing.z; }
  return d;
}

fn squared(d: Differences) -> f32 { return dot(d.x, d.x) + dot(d.y, d.y) + dot(d.z, d.z); }

// The derivative of the penalty with respect to each difference, divided by that difference.
fn steepness(d: Differences) -> f32 {
  if (kind == ${REGULARISER_KINDS.tv}) { return inverseSqrt(squared(d) + parameters.smoothing); }
  return 2;
}

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u,
) {
  let at = id.x;
  var value = 0.0;
  if (at < parameters.count) {
    let size = parameters.size;
    let k = vec3u(at % size.x, at / size.x % size.y, at / (size.x * size.y));
    let d = differences(k, at);
    if (kind == ${REGULARISER_KINDS.tv}) {
      value = sqrt(squared(d) + parameters.smoothing) - sqrt(parameters.smoothing);
    } else {
      value = squared(d);
    }
    let perSpacing = parameters.perSpacing;
    var slope = -steepness(d) * (d.x * perSpacing.x + d.y * perSpacing.y + d.z * perSpacing.z);
    if (k.x > 0) {
      let back = differences(k - vec3u(1, 0, 0), at - 1);
      slope += steepness(back) * back.x * perSpacing.x;
    }
    if (k.y > 0) {
      let back = differences(k - vec3u(0, 1, 0), at - size.x);
      slope += steepness(back) * back.y * perSpacing.y;
    }
    if (k.z > 0) {
      let back = differences(k - vec3u(0, 0, 1), at - size.x * size.y);
      slope += steepness(back) * back.z * perSpacing.z;
    }
    gradient[at] += vec4f(parameters.weight * slope, 0);
  }
  partial[worker] = parameters.weight * value;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { partialSums[group.x] = partial[0]; }
}`,
};
