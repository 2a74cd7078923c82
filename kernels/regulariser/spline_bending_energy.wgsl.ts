import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { COST_BINDINGS, COST_FIELDS } from "./_control_point_cost.wgsl.ts";

/** The seven bands of a matrix. */
const OFFSETS = [0, 1, 2, 3, 4, 5, 6];

/**
 * Value and gradient of the bending energy of a cubic B-spline: the integral of all squared second derivatives,
 * each mixed one counted twice, in units of a cell. It is the quadratic form k' G k, where G is a sum of
 * products of one matrix per axis, with seven bands each. The kernel writes one partial sum of the value per
 * workgroup and adds the gradient to the buffer's content.
 *
 * The rows of G sum to 0. So G k is a sum over differences to the control point, and k' G k is -1/2 of the
 * sum of the squares of these differences, weighted in the same way: a translation, however large, costs
 * exactly 0.
 */
export const SPLINE_BENDING_ENERGY: Kernel = {
  label: "Bending energy (cubic)",
  code: /* wgsl */ `
struct Parameters {
  ${COST_FIELDS}
}
${COST_BINDINGS}
// Of each axis, control point and offset from -3 to 3: the integrals of the products of the functions, of
// their first and of their second derivatives.
@group(0) @binding(4) var<storage, read> bands: array<vec4f>;
var<workgroup> partial: array<f32, 64>;

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
    let band = 7 * (k + vec3u(0, size.x, size.x + size.y));
    let h = parameters.perSpacing * parameters.perSpacing;
    // The bands are 0 where a neighbour is missing.
    let begin = max(vec3i(k) - 3, vec3i(0));
    let end = min(vec3i(k) + 3, vec3i(size) - 1);
    ${
    OFFSETS.map((i) =>
      `let x${i} = u32(clamp(i32(k.x) + ${i - 3}, 0, i32(size.x) - 1));
    let g${i} = bands[band.x + ${i}];`
    ).join("\n    ")
  }
    let centre = knots[at].xyz;
    var total = vec4f(0);
    for (var z = begin.z; z <= end.z; z++) {
      // The sums of a plane, by the order of the derivative along z that follows.
      var none = vec4f(0);
      var first = vec4f(0);
      var second = vec4f(0);
      for (var y = begin.y; y <= end.y; y++) {
        var a0 = vec4f(0);
        var a1 = vec4f(0);
        var a2 = vec4f(0);
        let row = (u32(z) * size.y + u32(y)) * size.x;
        ${
    OFFSETS.map((i) =>
      `{
          let difference = knots[row + x${i}].xyz - centre;
          let d = vec4f(difference, dot(difference, difference));
          a0 += g${i}.x * d;
          a1 += g${i}.y * d;
          a2 += g${i}.z * d;
        }`
    ).join("\n        ")
  }
        let g = bands[i32(band.y) + y - i32(k.y) + 3];
        none += h.x * h.x * g.x * a2 + h.y * h.y * g.z * a0 + 2 * h.x * h.y * g.y * a1;
        first += 2 * h.z * (h.x * g.x * a1 + h.y * g.y * a0);
        second += h.z * h.z * g.x * a0;
      }
      let g = bands[i32(band.z) + z - i32(k.z) + 3];
      total += g.x * none + g.y * first + g.z * second;
    }
    value = -0.5 * total.w;
    gradient[at] += vec4f(2 * parameters.weight * total.xyz, 0);
  }
  partial[worker] = parameters.weight * value;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { partialSums[group.x] = partial[0]; }
}`,
};
