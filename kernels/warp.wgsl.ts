import { CELL } from "./_interpolation.wgsl.ts";
import type { Kernel } from "./gpu.ts";

const COMMON = /* wgsl */ `
struct Parameters {
  row0: vec4f,        // field voxel index to moving voxel index
  row1: vec4f,
  row2: vec4f,
  size: vec3u,        // of the field
  firstPlane: u32,    // of the slab that is bound
  moving: vec3u,
  movingPitch: u32,
  windowBegin: u32,   // first plane of the moving image that is bound
  windowEnd: u32,     // cells that begin before this plane are interpolated here
  outside: f32,
  clamped: u32,
  pitch: u32,
  planes: u32,
  padding0: u32,
  padding1: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> ux: array<f32>;
@group(0) @binding(2) var<storage, read> uy: array<f32>;
@group(0) @binding(3) var<storage, read> uz: array<f32>;

fn movingPoint(id: vec3u, at: u32) -> vec3f {
  let p = parameters;
  let x = vec4f(vec3f(vec3u(id.xy, p.firstPlane + id.z)) + vec3f(ux[at], uy[at], uz[at]), 1);
  return vec3f(dot(p.row0, x), dot(p.row1, x), dot(p.row2, x));
}

fn isOutside(point: vec3f) -> bool {
  return any(point < vec3f(-0.5)) || any(point > vec3f(parameters.moving) - 0.5);
}
`;

const TRILINEAR = (gradient: boolean): string => /* wgsl */ `
${COMMON}
@group(0) @binding(4) var<storage, read> moving: array<f32>;
@group(0) @binding(5) var<storage, read_write> warped: array<f32>;
${
  gradient
    ? `
@group(0) @binding(6) var<storage, read_write> gx: array<f32>;
@group(0) @binding(7) var<storage, read_write> gy: array<f32>;
@group(0) @binding(8) var<storage, read_write> gz: array<f32>;`
    : ""
}
override wx: u32 = 64;
override wy: u32 = 1;
${CELL}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let point = movingPoint(id, at);
  let cell = cellOf(point, p.moving, p.movingPitch, p.windowBegin);
  if (cell.plane < p.windowBegin || cell.plane >= p.windowEnd) { return; }
  let beyond = p.clamped == 0 && isOutside(point);
  let n = cell.next;
  let i = array<f32, 8>(
    moving[cell.at],
    moving[cell.at + n.x],
    moving[cell.at + n.y],
    moving[cell.at + n.y + n.x],
    moving[cell.at + n.z],
    moving[cell.at + n.z + n.x],
    moving[cell.at + n.z + n.y],
    moving[cell.at + n.z + n.y + n.x],
  );
  let t = cell.t;
  warped[at] = select(trilinear(i, t), p.outside, beyond);
  ${
  gradient
    ? `
  let dx = mix(mix(i[1] - i[0], i[3] - i[2], t.y), mix(i[5] - i[4], i[7] - i[6], t.y), t.z);
  let dy = mix(mix(i[2] - i[0], i[3] - i[1], t.x), mix(i[6] - i[4], i[7] - i[5], t.x), t.z);
  let dz = mix(mix(i[4] - i[0], i[5] - i[1], t.x), mix(i[6] - i[2], i[7] - i[3], t.x), t.y);
  let inside = point == clamp(point, vec3f(0), vec3f(p.moving - 1));
  let slope = select(vec3f(0), vec3f(dx, dy, dz), inside & vec3<bool>(!beyond));
  gx[at] = p.row0.x * slope.x + p.row1.x * slope.y + p.row2.x * slope.z;
  gy[at] = p.row0.y * slope.x + p.row1.y * slope.y + p.row2.y * slope.z;
  gz[at] = p.row0.z * slope.x + p.row1.z * slope.y + p.row2.z * slope.z;`
    : ""
}
}`;

/** moving(matrix (x + u(x))), trilinear. */
export const WARP: Kernel = { label: "warp", code: TRILINEAR(false) };

/** The same, and its derivative by u. */
export const WARP_WITH_GRADIENT: Kernel = { label: "warp with gradient", code: TRILINEAR(true) };

/** moving(matrix (x + u(x))), the nearest voxel's label; 0 beyond the moving image. */
export const WARP_LABELS: Kernel = {
  label: "warp labels",
  code: /* wgsl */ `
${COMMON}
@group(0) @binding(4) var<storage, read> moving: array<u32>;
@group(0) @binding(5) var<storage, read_write> warped: array<u32>;
override wx: u32 = 64;
override wy: u32 = 1;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let point = movingPoint(id, at);
  let nearest = vec3u(clamp(floor(point + 0.5), vec3f(0), vec3f(p.moving - 1)));
  if (nearest.z < p.windowBegin || nearest.z >= p.windowEnd) { return; }
  let source = ((nearest.z - p.windowBegin) * p.moving.y + nearest.y) * p.movingPitch + nearest.x;
  warped[at] = select(moving[source], u32(p.outside), isOutside(point));
}`,
};
