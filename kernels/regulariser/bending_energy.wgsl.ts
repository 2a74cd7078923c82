import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { COST_BINDINGS, COST_FIELDS } from "./_control_point_cost.wgsl.ts";

/**
 * Value and gradient of the bending energy on the control points: the sum of all squared second differences
 * that exist, each mixed one counted twice. The kernel writes one partial sum of the value per workgroup and
 * adds the gradient to the buffer's content.
 */
export const BENDING_ENERGY: Kernel = {
  label: "Bending energy",
  code: /* wgsl */ `
struct Parameters {
  ${COST_FIELDS}
}
${COST_BINDINGS}
var<workgroup> partial: array<f32, 64>;

fn knot(k: vec3i) -> vec3f {
  let size = vec3i(parameters.size);
  return knots[(k.z * size.y + k.y) * size.x + k.x].xyz;
}

// The second difference along an axis, centred at k; 0 if a neighbour is missing.
fn secondDifference(k: vec3i, axis: vec3i) -> vec3f {
  let size = vec3i(parameters.size);
  if (any(k - axis < vec3i(0)) || any(k + axis >= size)) { return vec3f(0); }
  let h = dot(parameters.perSpacing, vec3f(axis));
  return (knot(k + axis) - 2 * knot(k) + knot(k - axis)) * (h * h);
}

// The mixed difference of the cell whose first corner is k; 0 if the cell does not exist.
fn mixedDifference(k: vec3i, a: vec3i, b: vec3i) -> vec3f {
  let size = vec3i(parameters.size);
  if (any(k < vec3i(0)) || any(k + a + b >= size)) { return vec3f(0); }
  let h = dot(parameters.perSpacing, vec3f(a)) * dot(parameters.perSpacing, vec3f(b));
  return (knot(k + a + b) - knot(k + a) - knot(k + b) + knot(k)) * h;
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
    let k = vec3i(vec3u(at % size.x, at / size.x % size.y, at / (size.x * size.y)));
    var slope = vec3f(0);
    for (var axis = 0u; axis < 3; axis++) {
      let a = select(vec3i(0), vec3i(1), vec3u(0, 1, 2) == vec3u(axis));
      let b = a.zxy;
      let ha = dot(parameters.perSpacing, vec3f(a));
      let hb = dot(parameters.perSpacing, vec3f(b));
      let centre = secondDifference(k, a);
      value += dot(centre, centre);
      slope += 2 * ha * ha * (secondDifference(k - a, a) - 2 * centre + secondDifference(k + a, a));
      let cell = mixedDifference(k, a, b);
      value += 2 * dot(cell, cell);
      slope += 4 * ha * hb * (cell - mixedDifference(k - a, a, b) - mixedDifference(k - b, a, b) + mixedDifference(k - a - b, a, b));
    }
    gradient[at] += vec4f(parameters.weight * slope, 0);
  }
  partial[worker] = parameters.weight * value;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { partialSums[group.x] = partial[0]; }
}`,
};
