import type { Kernel } from "../gpu/gpu.ts";

/**
 * The interpolation between control points: linear, or a uniform cubic B-spline. The values at the control
 * points of a spline are its coefficients.
 */
export type ControlGridInterpolation = "linear" | "cubic";

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

/** WGSL: the uniform cubic B-spline at distances in control points, by two truncated powers. */
export function cubicBSpline(type: "f32" | "vec4f"): string {
  return /* wgsl */ `
fn cubicBSpline(distance: ${type}) -> ${type} {
  let outer = max(2 - abs(distance), ${type}(0));
  let inner = max(1 - abs(distance), ${type}(0));
  return (outer * outer * outer - 4 * inner * inner * inner) / 6;
}
`;
}

/** WGSL: the distances of a position t, 0 to 1, in a cell from the four control points of its spline. */
export const CELL_DISTANCES = "vec4f(1, 0, -1, -2)";

/**
 * WGSL that interpolates the displacements (mm) of the four voxels of a quad between the columns of its
 * cells.
 */
export function columnInterpolation(interpolation: ControlGridInterpolation): string {
  return interpolation === "linear" ? LINEAR_COLUMNS : SPLINE_COLUMNS;
}

const SPLINE_COLUMNS = /* wgsl */ `
struct Quad { x: vec4f, y: vec4f, z: vec4f }  // displacements of four voxels along x, y, z
override strideX: u32 = 4;
${cubicBSpline("vec4f")}
fn displacements(row: u32, x: u32, controlPointsX: u32) -> Quad {
  let voxel = vec4i(i32(x)) + vec4i(0, 1, 2, 3);
  // The columns of the first voxel's cell to those of the last one's. A row's padding may lie beyond the
  // last control point.
  let first = min(x / strideX, controlPointsX - 4);
  let last = min((x + 3) / strideX + 3, controlPointsX - 1);
  var u = Quad(vec4f(0), vec4f(0), vec4f(0));
  for (var c = first; c <= last; c++) {
    let column = columns[row + c];
    let distance = voxel - (i32(c) - 1) * i32(strideX);
    let weight = cubicBSpline(vec4f(distance) / f32(strideX));
    u.x += weight * column.x;
    u.y += weight * column.y;
    u.z += weight * column.z;
  }
  return u;
}
`;

const LINEAR_COLUMNS = /* wgsl */ `
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
 * along x. An invocation of a spline computes all columns of a cell along y.
 */
export function expandColumns(interpolation: ControlGridInterpolation): Kernel {
  return interpolation === "linear" ? EXPAND_LINEAR_COLUMNS : EXPAND_SPLINE_COLUMNS;
}

/** The start of both kernels. */
const COLUMN_BINDINGS = /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
@group(0) @binding(0) var<uniform> geometry: Geometry;
@group(0) @binding(1) var<storage, read> controlDisplacements: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> columns: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override strideY: u32 = 4;  // constants, because a division by a constant becomes a multiplication
override strideZ: u32 = 4;
`;

const EXPAND_LINEAR_COLUMNS: Kernel = {
  label: "Control grid columns",
  code: /* wgsl */ `
${COLUMN_BINDINGS}
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

const EXPAND_SPLINE_COLUMNS: Kernel = {
  label: "Control grid columns (cubic)",
  code: /* wgsl */ `
${COLUMN_BINDINGS}
${cubicBSpline("vec4f")}
// The displacement between four control points along z.
fn alongZ(k: u32, step: u32, weights: vec4f) -> vec4f {
  return weights.x * controlDisplacements[k] + weights.y * controlDisplacements[k + step] +
    weights.z * controlDisplacements[k + 2 * step] + weights.w * controlDisplacements[k + 3 * step];
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = geometry;
  let first = id.y * strideY;
  if (id.x >= g.controlPoints.x || first >= g.image.y || id.z >= g.planes) { return; }
  let z = g.firstPlane + id.z;
  let cellZ = z / strideZ;
  let weights = cubicBSpline(f32(z - cellZ * strideZ) / f32(strideZ) + ${CELL_DISTANCES});
  let stepY = g.controlPoints.x;
  let stepZ = stepY * g.controlPoints.y;
  let k = cellZ * stepZ + id.y * stepY + id.x;
  let a = alongZ(k, stepZ, weights);
  let b = alongZ(k + stepY, stepZ, weights);
  let c = alongZ(k + 2 * stepY, stepZ, weights);
  let d = alongZ(k + 3 * stepY, stepZ, weights);
  let count = min(strideY, g.image.y - first);
  for (var i = 0u; i < count; i++) {
    let w = cubicBSpline(f32(i) / f32(strideY) + ${CELL_DISTANCES});
    columns[(id.z * g.image.y + first + i) * stepY + id.x] = w.x * a + w.y * b + w.z * c + w.w * d;
  }
}`,
};

/**
 * The transpose of the interpolation along x, applied to the dense vector field
 * `scale * (vx, vy, vz)`: sums the voxels of each (y, z) row at the row's control points.
 */
export function adjointRows(interpolation: ControlGridInterpolation): Kernel {
  const isLinear = interpolation === "linear";
  return {
    label: `Control grid adjoint along x${isLinear ? "" : " (cubic)"}`,
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
${isLinear ? "" : cubicBSpline("vec4f")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = geometry;
  if (id.x >= g.controlPoints.x || id.y >= g.image.y || id.z >= g.planes) { return; }
  let s = i32(g.stride.x);
  let centre = ${isLinear ? "i32(id.x) * s" : "(i32(id.x) - 1) * s"};
  let support = ${isLinear ? "s" : "2 * s"};
  let first = max(centre - support + 1, 0);
  let last = min(centre + support - 1, i32(g.image.x) - 1);
  let row = id.z * g.image.y + id.y;
  var sum = vec3f(0);
  for (var quad = first / 4; 4 * quad <= last; quad++) {
    let x = vec4i(4 * quad) + vec4i(0, 1, 2, 3);
    let hat = ${
      isLinear
        ? "max(vec4f(0), 1 - abs(vec4f(x - centre)) / f32(s))"
        : "cubicBSpline(vec4f(x - centre) / f32(s))"
    };
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
}

/**
 * The transpose of the interpolation along one further axis: an array [inner][length][outer] of
 * vec4 becomes [inner][controlPoints][outer]. It can add to the sums of earlier slabs along the axis.
 */
export function adjointAxis(interpolation: ControlGridInterpolation): Kernel {
  const isLinear = interpolation === "linear";
  return {
    label: `Control grid adjoint along y or z${isLinear ? "" : " (cubic)"}`,
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
${isLinear ? "" : cubicBSpline("f32")}
@compute @workgroup_size(wx)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= axis.inner || id.y >= axis.controlPoints || id.z >= axis.outer) { return; }
  let s = i32(axis.stride);
  let centre = ${isLinear ? "i32(id.y) * s" : "(i32(id.y) - 1) * s"};
  let support = ${isLinear ? "s" : "2 * s"};
  let first = max(centre - support + 1, i32(axis.begin));
  let last = min(centre + support - 1, i32(axis.begin + axis.length) - 1);
  var sum = vec4f(0);
  for (var i = first; i <= last; i++) {
    let hat = ${
      isLinear ? "1 - f32(abs(i - centre)) / f32(s)" : "cubicBSpline(f32(i - centre) / f32(s))"
    };
    sum += hat * source[(id.z * axis.length + u32(i) - axis.begin) * axis.inner + id.x];
  }
  let at = (id.z * axis.controlPoints + id.y) * axis.inner + id.x;
  if (axis.accumulate != 0) { sum += destination[at]; }
  destination[at] = sum;
}`,
  };
}
