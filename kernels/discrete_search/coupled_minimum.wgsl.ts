import type { Kernel } from "../gpu/gpu.ts";

/**
 * The displacement d of each point with the smallest cost(d) + coupling |d - s|^2, where s is the mean displacement of
 * the point and its neighbours in the field so far; any d but 0 costs `motionCost` in addition. The first of equal ones
 * is chosen.
 */
export const COUPLED_MINIMUM: Kernel = {
  label: "Discrete search: coupled minimum",
  code: /* wgsl */ `
struct Parameters {
  points: vec3u,     // points along each axis
  radius: u32,       // the largest displacement along an axis, blocks
  rowQuads: u32,     // quads of costs per row of displacements
  coupling: f32,     // weight of the distance from the mean displacement
  motionCost: f32,   // cost of any displacement but 0
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> costs: array<vec4f>;
@group(0) @binding(2) var<storage, read> means: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> field: array<vec4f>;
const LANES = vec4f(0, 1, 2, 3);

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.points.x) { return; }
  let point = (id.z * p.points.y + id.y) * p.points.x + id.x;
  let width = 2 * p.radius + 1;
  let radius = f32(p.radius);
  let costOfMotion = vec4f(p.motionCost);
  let s = means[point].xyz;
  let first = point * width * width * p.rowQuads;
  var best = vec4f(3e38);
  var number = vec4u(0);
  var quad = 0u;
  for (var z = 0u; z < width; z++) {
    let ez = f32(z) - radius - s.z;
    for (var y = 0u; y < width; y++) {
      let ey = f32(y) - radius - s.y;
      let rest = ez * ez + ey * ey;
      let isStill = vec4<bool>(z == p.radius && y == p.radius);
      for (var q = 0u; q < p.rowQuads; q++) {
        let dx = LANES + (f32(4 * q) - radius);
        let ex = dx - s.x;
        let motion = select(costOfMotion, vec4f(0), isStill & (dx == vec4f(0)));
        let value = costs[first + quad] + p.coupling * (ex * ex + rest) + motion;
        let better = value < best;
        best = select(best, value, better);
        number = select(number, vec4u(quad), better);
        quad++;
      }
    }
  }
  let minimum = min(min(best.x, best.y), min(best.z, best.w));
  // Lanes that miss the minimum come after all costs.
  let cost = select(vec4u(0xffffffff), 4 * number + vec4u(0, 1, 2, 3), best == vec4f(minimum));
  let chosen = min(min(cost.x, cost.y), min(cost.z, cost.w));
  let column = chosen % (4 * p.rowQuads);
  let row = chosen / (4 * p.rowQuads);
  field[point] = vec4f(vec3f(vec3u(column, row % width, row / width)) - radius, 0);
}`,
};

/** The mean of the displacements of each point and its neighbours along all axes, 27 points; the border continues. */
export const MEAN_FIELD: Kernel = {
  label: "Discrete search: mean displacements",
  code: /* wgsl */ `
struct Parameters { points: vec3u }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = parameters.points;
  if (id.x >= n.x) { return; }
  var sum = vec4f(0);
  for (var k = 0u; k < 27; k++) {
    let offset = vec3i(vec3u(k % 3, k / 3 % 3, k / 9)) - 1;
    let at = vec3u(clamp(vec3i(id) + offset, vec3i(0), vec3i(n) - 1));
    sum += field[(at.z * n.y + at.y) * n.x + at.x];
  }
  mean[(id.z * n.y + id.y) * n.x + id.x] = sum / 27;
}`,
};
