import type { Kernel } from "../gpu/gpu.ts";

/** The WGSL struct with which the uniform block of every control-grid kernel begins. */
export const CONTROL_GRID_GEOMETRY = /* wgsl */ `
struct Geometry {
  image: vec3u,          // voxels of the dense image
  firstPlane: u32,       // first z plane of the slab that is bound
  controlPoints: vec3u,  // control points along x, y, z
  planes: u32,           // planes of the slab
  stride: vec3u,         // voxels from one control point to the next
  pitch: u32,            // voxels from one row of the dense image to the next
}
`;

/**
 * WGSL that interpolates the displacements (mm) of the four voxels of a quad linearly between the columns
 * of its cells.
 */
export const COLUMN_INTERPOLATION = /* wgsl */ `
struct Quad { x: vec4f, y: vec4f, z: vec4f }  // displacements of four voxels along x, y, z
override strideX: u32 = 4;

fn displacements(row: u32, x: u32, controlPointsX: u32) -> Quad {
  let voxel = vec4u(x) + vec4u(0, 1, 2, 3);
  // A row's padding may lie beyond the last control point.
  let cell = min(voxel / strideX, vec4u(controlPointsX - 2));
  let t = vec4f(voxel - cell * strideX) / f32(strideX);
  if (strideX % 4 == 0) {  // the quad lies in one cell
    let a = columns[row + cell.x];
    let b = columns[row + cell.x + 1];
    let d = b - a;
    return Quad(a.x + t * d.x, a.y + t * d.y, a.z + t * d.z);
  }
  if (strideX > 4) {  // it lies in two cells at most
    let a = columns[row + cell.x];
    let b = columns[row + cell.x + 1];
    let c = columns[row + min(cell.x + 2, controlPointsX - 1)];
    let second = cell != vec4u(cell.x);
    let lower = select(vec4f(0), vec4f(1), second);
    let d = b - a;
    let e = c - b;
    // a + t d in the first cell, b + t e in the second.
    return Quad(
      a.x + lower * d.x + t * mix(vec4f(d.x), vec4f(e.x), lower),
      a.y + lower * d.y + t * mix(vec4f(d.y), vec4f(e.y), lower),
      a.z + lower * d.z + t * mix(vec4f(d.z), vec4f(e.z), lower),
    );
  }
  let p = mix(columns[row + cell.x], columns[row + cell.x + 1], t.x);
  let q = mix(columns[row + cell.y], columns[row + cell.y + 1], t.y);
  let r = mix(columns[row + cell.z], columns[row + cell.z + 1], t.z);
  let s = mix(columns[row + cell.w], columns[row + cell.w + 1], t.w);
  return Quad(vec4f(p.x, q.x, r.x, s.x), vec4f(p.y, q.y, r.y, s.y), vec4f(p.z, q.z, r.z, s.z));
}
`;

/**
 * Control points to columns: interpolates along y and z; the kernel that reads the columns interpolates
 * along x.
 */
export const EXPAND_COLUMNS: Kernel = {
  label: "Control grid columns",
  code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
@group(0) @binding(0) var<uniform> geometry: Geometry;
@group(0) @binding(1) var<storage, read> controlDisplacements: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> columns: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override strideY: u32 = 4;  // constants, because a division by a constant becomes a multiplication
override strideZ: u32 = 4;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = geometry;
  if (id.x >= g.controlPoints.x || id.y >= g.image.y || id.z >= g.planes) { return; }
  let z = g.firstPlane + id.z;
  let cellY = id.y / strideY;
  let cellZ = z / strideZ;
  let ty = f32(id.y - cellY * strideY) / f32(strideY);
  let tz = f32(z - cellZ * strideZ) / f32(strideZ);
  let stepZ = g.controlPoints.x * g.controlPoints.y;
  let k = cellZ * stepZ + cellY * g.controlPoints.x + id.x;
  let near = mix(controlDisplacements[k], controlDisplacements[k + g.controlPoints.x], ty);
  let far = mix(controlDisplacements[k + stepZ], controlDisplacements[k + stepZ + g.controlPoints.x], ty);
  columns[(id.z * g.image.y + id.y) * g.controlPoints.x + id.x] = mix(near, far, tz);
}`,
};

/** Columns to a dense displacement field in voxels. */
export const EXPAND_ROWS: Kernel = {
  label: "control grid: expand rows",
  code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters { geometry: Geometry, perVoxel: vec3f }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> columns: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> ux: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> uy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> uz: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
${COLUMN_INTERPOLATION}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = parameters.geometry;
  if (4 * id.x >= g.pitch || id.y >= g.image.y || id.z >= g.planes) { return; }
  let row = id.z * g.image.y + id.y;
  let u = displacements(row * g.controlPoints.x, 4 * id.x, g.controlPoints.x);
  let quad = row * (g.pitch / 4) + id.x;
  ux[quad] = u.x * parameters.perVoxel.x;
  uy[quad] = u.y * parameters.perVoxel.y;
  uz[quad] = u.z * parameters.perVoxel.z;
}`,
};

/**
 * The transpose of the interpolation along x, applied to the dense vector field
 * `scale * (vx, vy, vz)`: sums the voxels of each (y, z) row at the row's control points.
 */
export const ADJOINT_ROWS: Kernel = {
  label: "Control grid adjoint along x",
  code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
@group(0) @binding(0) var<uniform> geometry: Geometry;
@group(0) @binding(1) var<storage, read> scale: array<vec4f>;
@group(0) @binding(2) var<storage, read> vx: array<vec4f>;
@group(0) @binding(3) var<storage, read> vy: array<vec4f>;
@group(0) @binding(4) var<storage, read> vz: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> rows: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override scaled: bool = true;  // whether there is a scale

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = geometry;
  if (id.x >= g.controlPoints.x || id.y >= g.image.y || id.z >= g.planes) { return; }
  let s = i32(g.stride.x);
  let centre = i32(id.x) * s;
  let first = max(centre - s + 1, 0);
  let last = min(centre + s - 1, i32(g.image.x) - 1);
  let row = id.z * g.image.y + id.y;
  var sum = vec3f(0);
  for (var quad = first / 4; 4 * quad <= last; quad++) {
    let x = vec4i(4 * quad) + vec4i(0, 1, 2, 3);
    let hat = max(vec4f(0), 1 - abs(vec4f(x - centre)) / f32(s));
    let at = row * (g.pitch / 4) + u32(quad);
    let inside = x <= vec4i(last);
    var weight = hat;
    if (scaled) { weight *= scale[at]; }
    sum += vec3f(
      dot(select(vec4f(0), weight * vx[at], inside), vec4f(1)),
      dot(select(vec4f(0), weight * vy[at], inside), vec4f(1)),
      dot(select(vec4f(0), weight * vz[at], inside), vec4f(1)),
    );
  }
  rows[row * g.controlPoints.x + id.x] = vec4f(sum, 0);
}`,
};

/**
 * The transpose of the interpolation along one further axis: an array [inner][length][outer] of
 * vec4 becomes [inner][controlPoints][outer]. It can add to the sums of earlier slabs along the axis.
 */
export const ADJOINT_AXIS: Kernel = {
  label: "Control grid adjoint along y or z",
  code: /* wgsl */ `
struct Axis {
  inner: u32,          // elements before the axis, which varies slower
  length: u32,         // source elements along the axis
  outer: u32,          // elements after the axis
  controlPoints: u32,  // control points along the axis
  stride: u32,         // source elements from one control point to the next
  begin: u32,          // position of the first source element along the axis
  accumulate: u32,     // whether to add to the sums of earlier slabs
}
@group(0) @binding(0) var<uniform> axis: Axis;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 64;

@compute @workgroup_size(wx)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= axis.inner || id.y >= axis.controlPoints || id.z >= axis.outer) { return; }
  let s = i32(axis.stride);
  let centre = i32(id.y) * s;
  let first = max(centre - s + 1, i32(axis.begin));
  let last = min(centre + s - 1, i32(axis.begin + axis.length) - 1);
  var sum = vec4f(0);
  for (var i = first; i <= last; i++) {
    let hat = 1 - f32(abs(i - centre)) / f32(s);
    sum += hat * source[(id.z * axis.length + u32(i) - axis.begin) * axis.inner + id.x];
  }
  let at = (id.z * axis.controlPoints + id.y) * axis.inner + id.x;
  if (axis.accumulate != 0) { sum += destination[at]; }
  destination[at] = sum;
}`,
};
