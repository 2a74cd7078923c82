import {
  columnInterpolation,
  CONTROL_GRID_GEOMETRY,
  type ControlGridInterpolation,
} from "./control_grid.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { NO_PAIR_VALUE } from "./voxel_pairs.wgsl.ts";

/**
 * The moving image pulled through a control grid, and its derivative with respect to the
 * displacement: interpolation of the displacement along x and the trilinear warp in one pass.
 */
export function controlGridWarp(interpolation: ControlGridInterpolation): Kernel {
  return {
    label: `Control grid warp${interpolation === "linear" ? "" : " (cubic)"}`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  voxelsPerMm: vec3f,
  windowBegin: u32,      // first plane of the moving image that is bound
  origin: vec3f,         // position of the dense image's voxel (0, 0, 0) in the moving image, voxels
  windowEnd: u32,        // cells that begin before this plane are interpolated here
  movingSize: vec3u,     // voxels of the moving image
  movingPitch: u32,      // voxels from one row of the moving image to the next
  step: f32,             // intensity per unit of its 16-bit values
  first: u32,            // first plane of the slab that is computed
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> columns: array<vec4f>;
@group(0) @binding(2) var<storage, read> moving: array<u32>;
@group(0) @binding(3) var<storage, read_write> warped: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gx: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gy: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> gz: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override windowed: bool = true;  // whether voxels may lie in other windows of the moving image
${columnInterpolation(interpolation)}
${NO_VALUE_WGSL}
// Value and derivative of the trilinear interpolant in the cell whose first voxel is at the index, in
// units of the 16-bit values. A word holds a voxel (low half) and its neighbour along x (high half).
fn interpolate(at: u32, nextY: u32, nextZ: u32, t: vec3f) -> vec4f {
  let words = vec4u(moving[at], moving[at + nextY], moving[at + nextZ], moving[at + nextY + nextZ]);
  let a = vec4f(vec4i(words & vec4u(0xffff)));
  let b = vec4f(vec4i(words >> vec4u(16)));
  let slope = b - a;
  let along = a + t.x * slope;
  let near = along.x + t.y * (along.y - along.x);
  let far = along.z + t.y * (along.w - along.z);
  let slopeNear = slope.x + t.y * (slope.y - slope.x);
  let slopeFar = slope.z + t.y * (slope.w - slope.z);
  let dyNear = along.y - along.x;
  let dyFar = along.w - along.z;
  let largest = max(a, b);
  let valid = max(max(largest.x, largest.y), max(largest.z, largest.w)) < ${NO_PAIR_VALUE};
  return vec4f(
    select(NO_VALUE, near + t.z * (far - near), valid),
    slopeNear + t.z * (slopeFar - slopeNear),
    dyNear + t.z * (dyFar - dyNear),
    far - near,
  );
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = parameters.geometry;
  let p = parameters;
  if (4 * id.x >= g.pitch || id.y >= g.image.y || p.first + id.z >= g.planes) { return; }
  let plane = p.first + id.z;
  let row = plane * g.image.y + id.y;
  let u = displacements(row * g.controlPoints.x, 4 * id.x, g.controlPoints.x);
  let last = vec3f(p.movingSize - 1);
  // Positions in the moving image, clamped to it; the derivative is 0 where they are clamped.
  let rawX = vec4f(vec4u(4 * id.x) + vec4u(0, 1, 2, 3)) + (p.origin.x + u.x * p.voxelsPerMm.x);
  let rawY = f32(id.y) + p.origin.y + u.y * p.voxelsPerMm.y;
  let rawZ = f32(g.firstPlane + plane) + p.origin.z + u.z * p.voxelsPerMm.z;
  let x = clamp(rawX, vec4f(0), vec4f(last.x));
  let y = clamp(rawY, vec4f(0), vec4f(last.y));
  let z = clamp(rawZ, vec4f(0), vec4f(last.z));
  let cellX = vec4u(min(floor(x), vec4f(max(last.x - 1, 0))));
  let cellY = vec4u(min(floor(y), vec4f(max(last.y - 1, 0))));
  let cellZ = vec4u(min(floor(z), vec4f(max(last.z - 1, 0))));
  let inPlane = p.movingPitch * p.movingSize.y;
  let nextY = p.movingPitch * min(p.movingSize.y - 1, 1);
  let nextZ = inPlane * min(p.movingSize.z - 1, 1);
  var inWindow = vec4<bool>(true);
  var local = cellZ - p.windowBegin;
  if (windowed) {
    inWindow = (cellZ >= vec4u(p.windowBegin)) & (cellZ < vec4u(p.windowEnd));
    if (!any(inWindow)) { return; }
    local = clamp(cellZ, vec4u(p.windowBegin), vec4u(p.windowEnd - 1)) - p.windowBegin;
  }
  let at = local * inPlane + cellY * p.movingPitch + cellX;
  let tx = x - vec4f(cellX);
  let ty = y - vec4f(cellY);
  let tz = z - vec4f(cellZ);
  let a = interpolate(at.x, nextY, nextZ, vec3f(tx.x, ty.x, tz.x));
  let b = interpolate(at.y, nextY, nextZ, vec3f(tx.y, ty.y, tz.y));
  let c = interpolate(at.z, nextY, nextZ, vec3f(tx.z, ty.z, tz.z));
  let d = interpolate(at.w, nextY, nextZ, vec3f(tx.w, ty.w, tz.w));
  let value = vec4f(a.x, b.x, c.x, d.x);
  // A voxel outside the moving image or mask has no value: no point whose cell touches it counts.
  let valid = haveValues(value);
  let zero = vec4f(0);
  let dx = select(zero, vec4f(a.y, b.y, c.y, d.y) * (p.voxelsPerMm.x * p.step), valid & (x == rawX));
  let dy = select(zero, vec4f(a.z, b.z, c.z, d.z) * (p.voxelsPerMm.y * p.step), valid & (y == rawY));
  let dz = select(zero, vec4f(a.w, b.w, c.w, d.w) * (p.voxelsPerMm.z * p.step), valid & (z == rawZ));
  let result = select(vec4f(NO_VALUE), value * p.step, valid);
  let quad = row * (g.pitch / 4) + id.x;
  if (!windowed || all(inWindow)) {
    warped[quad] = result;
    gx[quad] = dx;
    gy[quad] = dy;
    gz[quad] = dz;
  } else {
    warped[quad] = select(warped[quad], result, inWindow);
    gx[quad] = select(gx[quad], dx, inWindow);
    gy[quad] = select(gy[quad], dy, inWindow);
    gz[quad] = select(gz[quad], dz, inWindow);
  }
}`,
  };
}
