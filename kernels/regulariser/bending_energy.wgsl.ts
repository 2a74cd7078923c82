import type { Kernel } from "../gpu/gpu.ts";

/**
 * Value (a partial sum a workgroup) and gradient (added to what is there) of the bending energy on the
 * control points: the squared second differences, the mixed ones twice, wherever they exist.
 */
export const BENDING_ENERGY: Kernel = {
  label: "bending energy",
  code: /* wgsl */ `
struct Parameters { size: vec3u, count: u32, perSpacing: vec3f, weight: f32, smoothing: f32, padding: vec3f }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> knots: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> partialSums: array<f32>;
var<workgroup> partial: array<f32, 64>;

fn knot(k: vec3i) -> vec3f {
  let size = vec3i(parameters.size);
  return knots[(k.z * size.y + k.y) * size.x + k.x].xyz;
}

// The second difference along an axis, centred at k; 0 where a neighbour is missing.
fn along(k: vec3i, axis: vec3i) -> vec3f {
  let size = vec3i(parameters.size);
  if (any(k - axis < vec3i(0)) || any(k + axis >= size)) { return vec3f(0); }
  let h = dot(parameters.perSpacing, vec3f(axis));
  return (knot(k + axis) - 2 * knot(k) + knot(k - axis)) * (h * h);
}

// The mixed difference of the cell whose first corner is k; 0 where there is no such cell.
fn mixed(k: vec3i, a: vec3i, b: vec3i) -> vec3f {
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
      let centre = along(k, a);
      value += dot(centre, centre);
      slope += 2 * ha * ha * (along(k - a, a) - 2 * centre + along(k + a, a));
      let cell = mixed(k, a, b);
      value += 2 * dot(cell, cell);
      slope += 4 * ha * hb * (cell - mixed(k - a, a, b) - mixed(k - b, a, b) + mixed(k - a - b, a, b));
    }
    gradient[at] += vec4f(parameters.weight * slope, 0);
  }
  partial[worker] = parameters.weight * value;
  workgroupBarrier();
  for (var width = 32u; width > 0; width /= 2) {
    if (worker < width) { partial[worker] += partial[worker + width]; }
    workgroupBarrier();
  }
  if (worker == 0) { partialSums[group.x] = partial[0]; }
}`,
};
