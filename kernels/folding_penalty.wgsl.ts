import type { Kernel } from "./gpu.ts";

/** What a folded cell costs (times the weight): more than any similarity can gain. */
export const FOLDED = 1e30;

/**
 * Value (a partial sum a workgroup) and gradient (added to what is there) of the folding penalty. Each
 * invocation gathers one control point's gradient from the eight cells around it, and the value of the
 * cell whose first corner it is.
 */
export const FOLDING_PENALTY: Kernel = {
  label: "folding penalty",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,
  count: u32,
  perSpacing: vec3f,
  weight: f32,
  margin: f32,
  least: f32,
  harmless: f32,      // no determinant is below the margin while all slopes are below this
  firstPartial: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> knots: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partialSums: array<f32>;
var<workgroup> partial: array<f32, 64>;

fn knot(k: vec3u) -> vec3f {
  let size = parameters.size;
  return knots[(k.z * size.y + k.y) * size.x + k.x].xyz;
}

// What the edge from a corner along an axis becomes, per length.
fn edge(corner: vec3u, axis: vec3u) -> vec3f {
  let e = vec3f(axis);
  return e + (knot(corner + axis) - knot(corner)) * dot(parameters.perSpacing, e);
}

// Whether no slope of the cell is large enough for the penalty.
fn isHarmless(cell: vec3u) -> bool {
  let x = vec3u(1, 0, 0);
  let y = vec3u(0, 1, 0);
  let z = vec3u(0, 0, 1);
  let a = knot(cell);
  let b = knot(cell + x);
  let c = knot(cell + y);
  let d = knot(cell + x + y);
  let e = knot(cell + z);
  let f = knot(cell + x + z);
  let g = knot(cell + y + z);
  let h = knot(cell + 1);
  let most = max(
    max(
      parameters.perSpacing.x * max(max(abs(b - a), abs(d - c)), max(abs(f - e), abs(h - g))),
      parameters.perSpacing.y * max(max(abs(c - a), abs(d - b)), max(abs(g - e), abs(h - f))),
    ),
    parameters.perSpacing.z * max(max(abs(e - a), abs(f - b)), max(abs(g - c), abs(h - d))),
  );
  return max(most.x, max(most.y, most.z)) <= parameters.harmless;
}

fn penalty(determinant: f32) -> f32 {
  let m = parameters.margin;
  let over = determinant - parameters.least;
  if (determinant >= m) { return 0; }
  if (over <= 0) { return ${FOLDED}; }
  return (m - determinant) * (m - determinant) / (m * over);
}

fn slope(determinant: f32) -> f32 {
  let m = parameters.margin;
  let over = determinant - parameters.least;
  if (determinant >= m || over <= 0) { return 0; }
  return -(m - determinant) * (m + determinant - 2 * parameters.least) / (m * over * over);
}

// The penalties of all 64 determinants of a cell.
fn cellValue(cell: vec3u) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < 4; i++) {
    let a = edge(cell + vec3u(0, i & 1, i >> 1), vec3u(1, 0, 0));
    for (var j = 0u; j < 4; j++) {
      let b = edge(cell + vec3u(j & 1, 0, j >> 1), vec3u(0, 1, 0));
      let across = cross(a, b);
      for (var k = 0u; k < 4; k++) {
        sum += penalty(dot(across, edge(cell + vec3u(k & 1, k >> 1, 0), vec3u(0, 0, 1))));
      }
    }
  }
  return sum;
}

// The derivative of a cell's value by the control point at a corner of it.
fn cellSlope(cell: vec3u, corner: vec3u) -> vec3f {
  var total = vec3f(0);
  for (var axis = 0u; axis < 3; axis++) {
    // The determinant stays the same when its vectors change places in turn.
    let first = vec3u(vec3u(0, 1, 2) == vec3u(axis));
    let second = first.zxy;
    let third = first.yzx;
    let own = edge(cell + corner * (1 - first), first);
    var sum = vec3f(0);
    for (var i = 0u; i < 4; i++) {
      let a = edge(cell + (i & 1) * first + (i >> 1) * third, second);
      for (var j = 0u; j < 4; j++) {
        let across = cross(a, edge(cell + (j & 1) * first + (j >> 1) * second, third));
        sum += slope(dot(own, across)) * across;
      }
    }
    let ahead = dot(corner, first) == 1;
    total += sum * dot(parameters.perSpacing, vec3f(first)) * select(-1.0, 1.0, ahead);
  }
  return total;
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
      let cell = k - corner;
      if (isHarmless(cell)) { continue; }
      sum += cellSlope(cell, corner);
      if (i == 0) { value = cellValue(cell); }
    }
    gradient[at] += vec4f(weight * sum, 0);
  }
  partial[worker] = weight * value;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { partialSums[parameters.firstPartial + group.x] = partial[0]; }
}`,
};
