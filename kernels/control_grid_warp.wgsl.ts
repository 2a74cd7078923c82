import { COLUMN_INTERPOLATION, CONTROL_GRID_GEOMETRY } from "./control_grid.wgsl.ts";
import type { Kernel } from "./gpu.ts";

/**
 * The moving image pulled through a control grid, and its derivative with respect to the
 * displacement: interpolation of the displacement along x and the trilinear warp in one pass.
 */
export const CONTROL_GRID_WARP: Kernel = {
  label: "control grid: warp",
  code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  perVoxel: vec3f,       // voxels per mm
  windowBegin: u32,      // planes of the moving image that are bound: this one ...
  origin: vec3f,         // where the dense image's voxel (0, 0, 0) lies in the moving image
  windowEnd: u32,        // ... up to the cell that begins before this one
  moving: vec3u,         // voxels of the moving image
  movingPitch: u32,
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> columns: array<vec4f>;
@group(0) @binding(2) var<storage, read> moving: array<f32>;
@group(0) @binding(3) var<storage, read_write> warped: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> gx: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> gy: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> gz: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
${COLUMN_INTERPOLATION}

const OUTSIDE = -1e30;

// Value and derivative of the trilinear interpolant in the cell whose first voxel is at the index.
fn interpolate(at: u32, next: vec3u, t: vec3f) -> vec4f {
  let i00 = moving[at];
  let i10 = moving[at + next.x];
  let i01 = moving[at + next.y];
  let i11 = moving[at + next.y + next.x];
  let j00 = moving[at + next.z];
  let j10 = moving[at + next.z + next.x];
  let j01 = moving[at + next.z + next.y];
  let j11 = moving[at + next.z + next.y + next.x];
  let near0 = i00 + t.x * (i10 - i00);
  let near1 = i01 + t.x * (i11 - i01);
  let far0 = j00 + t.x * (j10 - j00);
  let far1 = j01 + t.x * (j11 - j01);
  let near = near0 + t.y * (near1 - near0);
  let far = far0 + t.y * (far1 - far0);
  let dxNear = (i10 - i00) + t.y * ((i11 - i01) - (i10 - i00));
  let dxFar = (j10 - j00) + t.y * ((j11 - j01) - (j10 - j00));
  let dyNear = near1 - near0;
  let dyFar = far1 - far0;
  let least = min(min(min(i00, i10), min(i01, i11)), min(min(j00, j10), min(j01, j11)));
  return vec4f(
    select(near + t.z * (far - near), OUTSIDE, least < -1e20),
    dxNear + t.z * (dxFar - dxNear),
    dyNear + t.z * (dyFar - dyNear),
    far - near,
  );
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = parameters.geometry;
  let p = parameters;
  if (4 * id.x >= g.pitch || id.y >= g.image.y || id.z >= g.planes) { return; }
  let row = id.z * g.image.y + id.y;
  let u = displacements(row * g.knots.x, 4 * id.x, g.knots.x);
  let last = vec3f(p.moving - 1);
  // Positions in the moving image, clamped to it; the derivative is 0 where they are.
  let rawX = vec4f(vec4u(4 * id.x) + vec4u(0, 1, 2, 3)) + (p.origin.x + u.x * p.perVoxel.x);
  let rawY = f32(id.y) + p.origin.y + u.y * p.perVoxel.y;
  let rawZ = f32(g.firstPlane + id.z) + p.origin.z + u.z * p.perVoxel.z;
  let x = clamp(rawX, vec4f(0), vec4f(last.x));
  let y = clamp(rawY, vec4f(0), vec4f(last.y));
  let z = clamp(rawZ, vec4f(0), vec4f(last.z));
  let cellX = vec4u(min(floor(x), vec4f(max(last.x - 1, 0))));
  let cellY = vec4u(min(floor(y), vec4f(max(last.y - 1, 0))));
  let cellZ = vec4u(min(floor(z), vec4f(max(last.z - 1, 0))));
  let plane = p.movingPitch * p.moving.y;
  let next = vec3u(1, p.movingPitch, plane) * min(p.moving - 1, vec3u(1));
  let inWindow = (cellZ >= vec4u(p.windowBegin)) & (cellZ < vec4u(p.windowEnd));
  if (!any(inWindow)) { return; }
  let local = clamp(cellZ, vec4u(p.windowBegin), vec4u(p.windowEnd - 1)) - p.windowBegin;
  let at = local * plane + cellY * p.movingPitch + cellX;
  let tx = x - vec4f(cellX);
  let ty = y - vec4f(cellY);
  let tz = z - vec4f(cellZ);
  let a = interpolate(at.x, next, vec3f(tx.x, ty.x, tz.x));
  let b = interpolate(at.y, next, vec3f(tx.y, ty.y, tz.y));
  let c = interpolate(at.z, next, vec3f(tx.z, ty.z, tz.z));
  let d = interpolate(at.w, next, vec3f(tx.w, ty.w, tz.w));
  let value = vec4f(a.x, b.x, c.x, d.x);
  // A voxel outside the moving image or mask holds OUTSIDE: no point whose cell touches it counts.
  let valid = value > vec4f(-1e20);
  let zero = vec4f(0);
  let dx = select(zero, vec4f(a.y, b.y, c.y, d.y) * p.perVoxel.x, valid & (x == rawX));
  let dy = select(zero, vec4f(a.z, b.z, c.z, d.z) * p.perVoxel.y, valid & (y == rawY));
  let dz = select(zero, vec4f(a.w, b.w, c.w, d.w) * p.perVoxel.z, valid & (z == rawZ));
  let result = select(vec4f(OUTSIDE), value, valid);
  let quad = row * (g.pitch / 4) + id.x;
  if (all(inWindow)) {
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
