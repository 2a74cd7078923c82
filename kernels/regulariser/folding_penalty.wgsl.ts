import type { Kernel } from "../gpu/gpu.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";
import { COST_BINDINGS, COST_FIELDS } from "./_control_point_cost.wgsl.ts";

/**
 * The penalty of a determinant that is folded, before the weight: larger than any gain of a similarity, so
 * that a line search rejects the step.
 */
export const FOLDED_CELL_COST = 1e30;

/**
 * Value and gradient of the folding penalty. Each invocation gathers the gradient of one control point from
 * the eight cells around it, and computes the value of the cell whose first corner is that point. The kernel
 * writes one partial sum of the value per workgroup and adds the gradient to the buffer's content.
 */
export const FOLDING_PENALTY: Kernel = {
  label: "Folding penalty",
  code: /* wgsl */ `
struct Parameters {
  ${COST_FIELDS}
  margin: f32,             // determinants from here up cost nothing
  minDeterminant: f32,     // the pole: determinants down here are folds
  harmlessSlope: f32,      // while no slope exceeds this, no determinant is below the margin
  firstPartial: u32,       // index of the first partial sum
}
${COST_BINDINGS}
const FOLDED_CELL_COST: f32 = ${FOLDED_CELL_COST.toExponential()};
var<workgroup> partial: array<f32, 64>;

fn knot(k: vec3u) -> vec3f {
  let size = parameters.size;
  return knots[(k.z * size.y + k.y) * size.x + k.x].xyz;
}

// The deformed edges of a cell, four along each axis, each divided by its undeformed length. Edges along x
// are ordered by y, then z; edges along y by z, then x; edges along z by x, then y.
struct Cell { x: mat4x3f, y: mat4x3f, z: mat4x3f }

fn slopesOf(cell: vec3u) -> Cell {
  let a = knot(cell);
  let b = knot(cell + vec3u(1, 0, 0));
  let c = knot(cell + vec3u(0, 1, 0));
  let d = knot(cell + vec3u(1, 1, 0));
  let e = knot(cell + vec3u(0, 0, 1));
  let f = knot(cell + vec3u(1, 0, 1));
  let g = knot(cell + vec3u(0, 1, 1));
  let h = knot(cell + vec3u(1, 1, 1));
  return Cell(
    parameters.perSpacing.x * mat4x3f(b - a, d - c, f - e, h - g),
    parameters.perSpacing.y * mat4x3f(c - a, g - e, d - b, h - f),
    parameters.perSpacing.z * mat4x3f(e - a, f - b, g - c, h - d),
  );
}

fn largest(m: mat4x3f) -> f32 {
  let v = max(max(abs(m[0]), abs(m[1])), max(abs(m[2]), abs(m[3])));
  return max(v.x, max(v.y, v.z));
}

fn plus(m: mat4x3f, v: vec3f) -> mat4x3f { return mat4x3f(m[0] + v, m[1] + v, m[2] + v, m[3] + v); }

fn penalties(determinants: vec4f) -> f32 {
  let m = parameters.margin;
  let over = determinants - parameters.minDeterminant;
  let below = max(m - determinants, vec4f(0));
  let folded = over <= vec4f(0);
  let safe = select(over, vec4f(1), folded);
  return dot(select(below * below / (m * safe), vec4f(FOLDED_CELL_COST), folded), vec4f(1));
}

fn slopes(determinants: vec4f) -> vec4f {
  let m = parameters.margin;
  let over = determinants - parameters.minDeterminant;
  let below = max(m - determinants, vec4f(0));
  let folded = over <= vec4f(0);
  let safe = select(over, vec4f(1), folded);
  let s = -below * (m + determinants - 2 * parameters.minDeterminant) / (m * safe * safe);
  return select(s, vec4f(0), folded);
}

// The penalties of a's determinants with each of the four second and the four third vectors.
fn valueWith(a: vec3f, second: mat4x3f, third: mat4x3f) -> f32 {
  return penalties(cross(a, second[0]) * third) + penalties(cross(a, second[1]) * third) +
    penalties(cross(a, second[2]) * third) + penalties(cross(a, second[3]) * third);
}

// All 64 penalties of a cell.
fn valueOf(cell: Cell) -> f32 {
  return valueWith(cell.x[0], cell.y, cell.z) + valueWith(cell.x[1], cell.y, cell.z) +
    valueWith(cell.x[2], cell.y, cell.z) + valueWith(cell.x[3], cell.y, cell.z);
}

fn slopesWith(a: vec3f, second: vec3f, third: mat4x3f) -> vec3f {
  let across = mat4x3f(
    cross(second, third[0]), cross(second, third[1]), cross(second, third[2]), cross(second, third[3]),
  );
  return across * slopes(a * across);
}

// The derivative of the sum of the penalties with respect to the first vector. The three sets of vectors come
// in the order that makes an undeformed determinant positive.
fn slopeBy(a: vec3f, second: mat4x3f, third: mat4x3f) -> vec3f {
  return slopesWith(a, second[0], third) + slopesWith(a, second[1], third) +
    slopesWith(a, second[2], third) + slopesWith(a, second[3], third);
}

// The one of four edges that a corner belongs to, chosen by the corner's positions along the other two axes.
fn chosen(m: mat4x3f, first: u32, second: u32) -> vec3f {
  return select(
    select(m[0], m[1], first == 1),
    select(m[2], m[3], first == 1),
    second == 1,
  );
}

@compute @workgroup_size(64)
fn main(
  @builtin(global_invocation_id) id: vec3u,
  @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u,
) {
  let at = id.x;
  let weight = parameters.weight / 64;
  var value = 0.0;
  if (at < parameters.count) {
    let size = parameters.size;
    let k = vec3u(at % size.x, at / size.x % size.y, at / (size.x * size.y));
    var sum = vec3f(0);
    for (var i = 0u; i < 8; i++) {
      let corner = vec3u(i & 1, (i >> 1) & 1, i >> 2);
      if (any(k < corner) || any(k - corner + 1 >= size)) { continue; }
      var cell = slopesOf(k - corner);
      if (max(largest(cell.x), max(largest(cell.y), largest(cell.z))) <= parameters.harmlessSlope) {
        continue;
      }
      cell.x = plus(cell.x, vec3f(1, 0, 0));
      cell.y = plus(cell.y, vec3f(0, 1, 0));
      cell.z = plus(cell.z, vec3f(0, 0, 1));
      let ahead = (2 * vec3f(corner) - 1) * parameters.perSpacing;
      // A cyclic permutation of its vectors does not change a determinant.
      sum += ahead.x * slopeBy(chosen(cell.x, corner.y, corner.z), cell.y, cell.z);
      sum += ahead.y * slopeBy(chosen(cell.y, corner.z, corner.x), cell.z, cell.x);
      sum += ahead.z * slopeBy(chosen(cell.z, corner.x, corner.y), cell.x, cell.y);
      if (i == 0) { value = valueOf(cell); }
    }
    gradient[at] += vec4f(weight * sum, 0);
  }
  partial[worker] = weight * value;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { partialSums[parameters.firstPartial + group.x] = partial[0]; }
}`,
};
