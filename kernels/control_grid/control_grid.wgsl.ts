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
 * along x. An invocation computes all columns of a cell along y, so that it reads the control points once.
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
  let first = id.y * strideY;
  if (id.x >= g.controlPoints.x || first >= g.image.y || id.z >= g.planes) { return; }
  let z = g.firstPlane + id.z;
  let cellZ = z / strideZ;
  let tz = f32(z - cellZ * strideZ) / f32(strideZ);
  let stepY = g.controlPoints.x;
  let stepZ = stepY * g.controlPoints.y;
  let k = cellZ * stepZ + id.y * stepY + id.x;
  let near = mix(controlDisplacements[k], controlDisplacements[k + stepZ], tz);
  let far = mix(controlDisplacements[k + stepY], controlDisplacements[k + stepY + stepZ], tz);
  let count = min(strideY, g.image.y - first);
  for (var i = 0u; i < count; i++) {
    columns[(id.z * g.image.y + first + i) * stepY + id.x] = mix(near, far, f32(i) / f32(strideY));
  }
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
