import type { Kernel } from "../gpu/gpu.ts";

const PARAMETERS = /* wgsl */ `
struct Parameters {
  row0: vec4f,        // rows of the matrix from voxel indices of the field to those of the moving image
  row1: vec4f,
  row2: vec4f,
  size: vec3u,        // voxels of the field
  firstPlane: u32,    // first plane of the slab of the field that is bound
  movingSize: vec3u,  // voxels of the moving image
  movingPitch: u32,   // voxels from one row of the moving image to the next
  windowBegin: u32,   // first plane of the moving image that is bound
  windowEnd: u32,     // cells that begin before this plane are interpolated here
  outside: f32,       // value outside the moving image
  pitch: u32,         // voxels from one row of the field to the next
  planes: u32,        // planes of the slab
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
`;

/** An invocation computes four voxels: fields and results are loaded and stored as vec4. */
const TRILINEAR = (gradient: boolean): string => /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> ux: array<vec4f>;
@group(0) @binding(2) var<storage, read> uy: array<vec4f>;
@group(0) @binding(3) var<storage, read> uz: array<vec4f>;
@group(0) @binding(4) var<storage, read> moving: array<f32>;
@group(0) @binding(5) var<storage, read_write> warped: array<vec4f>;
${
  gradient
    ? `
@group(0) @binding(6) var<storage, read_write> gx: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> gy: array<vec4f>;
@group(0) @binding(8) var<storage, read_write> gz: array<vec4f>;`
    : ""
}
override wx: u32 = 64;
override wy: u32 = 1;
override affine: bool = true;    // whether the matrix is more than the identity
override windowed: bool = true;  // whether the moving image is bound in more than one window
override clamped: bool = false;  // whether the border continues beyond the moving image

// Value ${
  gradient ? "and derivative " : ""
}of the trilinear interpolant in the cell whose first voxel is at the index.
fn interpolate(at: u32, nextX: u32, nextY: u32, nextZ: u32, t: vec3f) -> ${
  gradient ? "vec4f" : "f32"
} {
  let a = vec4f(moving[at], moving[at + nextY], moving[at + nextZ], moving[at + nextY + nextZ]);
  let far = at + nextX;
  let b = vec4f(moving[far], moving[far + nextY], moving[far + nextZ], moving[far + nextY + nextZ]);
  let slope = b - a;
  let along = a + t.x * slope;
  let dy = along.yw - along.xz;
  let plane = along.xz + t.y * dy;
  let value = plane.x + t.z * (plane.y - plane.x);
  ${
  gradient
    ? `
  let dx = slope.xz + t.y * (slope.yw - slope.xz);
  return vec4f(value, dx.x + t.z * (dx.y - dx.x), dy.x + t.z * (dy.y - dy.x), plane.y - plane.x);`
    : "return value;"
}
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (4 * id.x >= p.pitch || id.y >= p.size.y || id.z >= p.planes) { return; }
  let quad = (id.z * p.size.y + id.y) * (p.pitch / 4) + id.x;
  let x = vec4f(vec4u(4 * id.x) + vec4u(0, 1, 2, 3)) + ux[quad];
  let y = f32(id.y) + uy[quad];
  let z = f32(p.firstPlane + id.z) + uz[quad];
  var rawX = x;
  var rawY = y;
  var rawZ = z;
  if (affine) {
    rawX = p.row0.x * x + p.row0.y * y + p.row0.z * z + p.row0.w;
    rawY = p.row1.x * x + p.row1.y * y + p.row1.z * z + p.row1.w;
    rawZ = p.row2.x * x + p.row2.y * y + p.row2.z * z + p.row2.w;
  }
  // Clamped to the image; at the last voxel of an axis the cell before it is taken.
  let last = vec3f(p.movingSize - 1);
  let px = clamp(rawX, vec4f(0), vec4f(last.x));
  let py = clamp(rawY, vec4f(0), vec4f(last.y));
  let pz = clamp(rawZ, vec4f(0), vec4f(last.z));
  let cellX = vec4u(min(floor(px), vec4f(max(last.x - 1, 0))));
  let cellY = vec4u(min(floor(py), vec4f(max(last.y - 1, 0))));
  let cellZ = vec4u(min(floor(pz), vec4f(max(last.z - 1, 0))));
  var inWindow = vec4<bool>(true);
  if (windowed) {
    inWindow = (cellZ >= vec4u(p.windowBegin)) & (cellZ < vec4u(p.windowEnd));
    if (!any(inWindow)) { return; }
  }
  let nextX = min(p.movingSize.x - 1, 1);
  let nextY = p.movingPitch * min(p.movingSize.y - 1, 1);
  let nextZ = p.movingPitch * p.movingSize.y * min(p.movingSize.z - 1, 1);
  // Cells outside the window are not used; their index must not wrap around.
  var local = cellZ;
  if (windowed) {
    local = clamp(cellZ, vec4u(p.windowBegin), vec4u(p.windowEnd - 1)) - p.windowBegin;
  }
  let at = (local * p.movingSize.y + cellY) * p.movingPitch + cellX;
  let tx = px - vec4f(cellX);
  let ty = py - vec4f(cellY);
  let tz = pz - vec4f(cellZ);
  let a = interpolate(at.x, nextX, nextY, nextZ, vec3f(tx.x, ty.x, tz.x));
  let b = interpolate(at.y, nextX, nextY, nextZ, vec3f(tx.y, ty.y, tz.y));
  let c = interpolate(at.z, nextX, nextY, nextZ, vec3f(tx.z, ty.z, tz.z));
  let d = interpolate(at.w, nextX, nextY, nextZ, vec3f(tx.w, ty.w, tz.w));
  var beyond = vec4<bool>(false);
  if (!clamped) {
    let half = vec4f(0.5);
    beyond = (rawX < -half) | (rawY < -half) | (rawZ < -half) |
      (rawX > last.x + half) | (rawY > last.y + half) | (rawZ > last.z + half);
  }
  let value = select(vec4f(${
  gradient ? "a.x, b.x, c.x, d.x" : "a, b, c, d"
}), vec4f(p.outside), beyond);
  let whole = !windowed || all(inWindow);
  ${
  gradient
    ? `
  let zero = vec4f(0);
  let sx = select(zero, vec4f(a.y, b.y, c.y, d.y), (px == rawX) & !beyond);
  let sy = select(zero, vec4f(a.z, b.z, c.z, d.z), (py == rawY) & !beyond);
  let sz = select(zero, vec4f(a.w, b.w, c.w, d.w), (pz == rawZ) & !beyond);
  let dx = p.row0.x * sx + p.row1.x * sy + p.row2.x * sz;
  let dy = p.row0.y * sx + p.row1.y * sy + p.row2.y * sz;
  let dz = p.row0.z * sx + p.row1.z * sy + p.row2.z * sz;
  if (whole) {
    gx[quad] = dx;
    gy[quad] = dy;
    gz[quad] = dz;
  } else {
    gx[quad] = select(gx[quad], dx, inWindow);
    gy[quad] = select(gy[quad], dy, inWindow);
    gz[quad] = select(gz[quad], dz, inWindow);
  }`
    : ""
}
  if (whole) { warped[quad] = value; } else { warped[quad] = select(warped[quad], value, inWindow); }
}`;

/** moving(matrix (x + u(x))), trilinear. */
export const WARP: Kernel = { label: "Warp", code: TRILINEAR(false) };

/** The same, and its derivative by u. */
export const WARP_WITH_GRADIENT: Kernel = { label: "warp with gradient", code: TRILINEAR(true) };

/** moving(matrix (x + u(x))), the nearest voxel's label; 0 beyond the moving image. */
export const WARP_LABELS: Kernel = {
  label: "Warp of labels",
  code: /* wgsl */ `
${PARAMETERS}
@group(0) @binding(1) var<storage, read> ux: array<f32>;
@group(0) @binding(2) var<storage, read> uy: array<f32>;
@group(0) @binding(3) var<storage, read> uz: array<f32>;
@group(0) @binding(4) var<storage, read> moving: array<u32>;
@group(0) @binding(5) var<storage, read_write> warped: array<u32>;
override wx: u32 = 64;
override wy: u32 = 1;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let x = vec4f(vec3f(vec3u(id.xy, p.firstPlane + id.z)) + vec3f(ux[at], uy[at], uz[at]), 1);
  let point = vec3f(dot(p.row0, x), dot(p.row1, x), dot(p.row2, x));
  let beyond = any(point < vec3f(-0.5)) || any(point > vec3f(p.movingSize) - 0.5);
  let nearest = vec3u(clamp(floor(point + 0.5), vec3f(0), vec3f(p.movingSize - 1)));
  if (nearest.z < p.windowBegin || nearest.z >= p.windowEnd) { return; }
  let source = ((nearest.z - p.windowBegin) * p.movingSize.y + nearest.y) * p.movingPitch + nearest.x;
  warped[at] = select(moving[source], u32(p.outside), beyond);
}`,
};
