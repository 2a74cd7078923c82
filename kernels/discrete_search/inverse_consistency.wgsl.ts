import type { Kernel } from "../gpu/gpu.ts";

/** u'(x) = (u(x) - v(x + u(x))) / 2: halfway between u and the inverse of v. The border of v continues beyond it. */
export const HALFWAY_TO_INVERSE: Kernel = {
  label: "Discrete search: inverse consistency",
  code: /* wgsl */ `
struct Parameters { points: vec3u }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> field: array<vec4f>;
@group(0) @binding(2) var<storage, read> other: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> result: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let n = parameters.points;
  if (id.x >= n.x) { return; }
  let point = (id.z * n.y + id.y) * n.x + id.x;
  let u = field[point];
  let position = clamp(vec3f(id) + u.xyz, vec3f(0), vec3f(n - 1));
  let low = vec3u(position);
  let t = position - vec3f(low);
  var v = vec4f(0);
  for (var corner = 0u; corner < 8; corner++) {
    let far = vec3u(corner & 1, (corner >> 1) & 1, corner >> 2);
    let at = min(low + far, n - 1);
    let w = select(1 - t, t, far == vec3u(1));
    v += w.x * w.y * w.z * other[(at.z * n.y + at.y) * n.x + at.x];
  }
  result[point] = 0.5 * (u - v);
}`,
};
