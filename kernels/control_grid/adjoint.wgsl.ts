import type { Kernel } from "../gpu/gpu.ts";
import {
  CELL_DISTANCES,
  CONTROL_GRID_GEOMETRY,
  type ControlGridInterpolation,
  cubicBSpline,
} from "./control_grid.wgsl.ts";

/** Control points along an axis on which the voxels of one cell depend. */
export function pointsOfCell(interpolation: ControlGridInterpolation): 2 | 4 {
  return interpolation === "linear" ? 2 : 4;
}

/** WGSL that sums vectors at voxels at the control points of the cell in which the voxels lie. */
export interface CellSumsCode {
  /** Declarations before the loop over the voxels. */
  readonly begin: string;
  /** Adds the vec3f `v` of the voxel at the position `t`, 0 to 1, in the cell. */
  readonly add: string;
  /** The sums, vec3f, one per control point. */
  readonly sums: readonly string[];
  /** Declarations of the buffers of the sums, one per control point, from this binding on. */
  readonly buffers: (firstBinding: number, access: "read" | "read_write") => string;
  /** The functions that `add` needs. */
  readonly functions: string;
}

/** The code that sums the vectors of a cell. */
export function cellSums(interpolation: ControlGridInterpolation): CellSumsCode {
  const sums = Array.from({ length: pointsOfCell(interpolation) }, (_, j) => `sum${j}`);
  const buffers = (firstBinding: number, access: string) =>
    sums.map((_, j) =>
      `@group(0) @binding(${firstBinding + j}) var<storage, ${access}> cells${j}: array<vec4f>;`
    ).join("\n");
  const begin = sums.map((sum) => `var ${sum} = vec3f(0);`).join(" ");
  if (interpolation === "linear") {
    return {
      begin,
      buffers,
      sums,
      functions: "",
      add: "let far = t * v; sum0 += v - far; sum1 += far;",
    };
  }
  const terms = sums.map((sum, j) => `${sum} += weights[${j}] * v;`).join(" ");
  return {
    begin,
    buffers,
    sums,
    functions: cubicBSpline("vec4f"),
    add: `let weights = cubicBSpline(t + ${CELL_DISTANCES}); ${terms}`,
  };
}

/**
 * The transpose of the interpolation along x, applied to the dense vector field `scale * (vx, vy, vz)`: an
 * invocation sums the voxels of one cell of a row at the control points of the cell.
 */
export function adjointRows(interpolation: ControlGridInterpolation): Kernel {
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  const { begin, buffers, add, sums, functions } = cellSums(interpolation);
  return {
    label: `Control grid adjoint along x${isLinear ? "" : " (cubic)"}`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  invocations: u32,  // invocations per row of workgroups
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> scale: array<f32>;
@group(0) @binding(2) var<storage, read> vx: array<f32>;
@group(0) @binding(3) var<storage, read> vy: array<f32>;
@group(0) @binding(4) var<storage, read> vz: array<f32>;
${buffers(5, "read_write")}
override strideX: u32 = 4;
${functions}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = parameters.geometry;
  let inRow = g.controlPoints.x - ${points - 1};  // cells of a row
  let item = id.x + id.y * parameters.invocations;
  let row = item / inRow;
  if (row >= g.image.y * g.planes) { return; }
  let first = (item - row * inRow) * strideX;
  let count = min(strideX, g.image.x - first);
  ${begin}
  for (var i = 0u; i < count; i++) {
    let at = row * g.pitch + first + i;
    let t = f32(i) / f32(strideX);
    let v = scale[at] * vec3f(vx[at], vy[at], vz[at]);
    ${add}
  }
  ${sums.map((sum, j) => `cells${j}[item] = vec4f(${sum}, 0);`).join("\n  ")}
}`,
  };
}

/**
 * The transpose along y: from the sums of the cells of each row to those of the cells along y, at every
 * control point along x.
 */
export function adjointPlanes(interpolation: ControlGridInterpolation): Kernel {
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  const { begin, buffers, add, sums, functions } = cellSums(interpolation);
  return {
    label: `Control grid adjoint along y${isLinear ? "" : " (cubic)"}`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
@group(0) @binding(0) var<uniform> geometry: Geometry;
${buffers(1, "read")}
@group(0) @binding(${points + 1}) var<storage, read_write> planes: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override strideY: u32 = 4;
${functions}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = geometry;
  let inRow = g.controlPoints.x - ${points - 1};    // cells along x
  let inColumn = g.controlPoints.y - ${points - 1}; // cells along y
  if (id.x >= g.controlPoints.x || id.y >= inColumn || id.z >= g.planes) { return; }
  let first = id.y * strideY;
  let count = min(strideY, g.image.y - first);
  ${begin}
  for (var i = 0u; i < count; i++) {
    let row = (id.z * g.image.y + first + i) * inRow;
    let t = f32(i) / f32(strideY);
    var v = vec3f(0);
    // The cells along x that depend on this control point.
${
      sums.map((_, j) =>
        `    if (id.x >= ${j} && id.x - ${j} < inRow) { v += cells${j}[row + id.x - ${j}].xyz; }`
      ).join("\n")
    }
    ${add}
  }
  let cell = (id.z * inColumn + id.y) * g.controlPoints.x + id.x;
  ${sums.map((sum, j) => `planes[${points} * cell + ${j}] = vec4f(${sum}, 0);`).join("\n  ")}
}`,
  };
}

/** The transpose along z: from the sums of the cells along y to the control points. */
export function adjointVolume(interpolation: ControlGridInterpolation): Kernel {
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  return {
    label: `Control grid adjoint along z${isLinear ? "" : " (cubic)"}`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  accumulate: u32,  // whether to add to the sums of earlier slabs
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> planes: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> sums: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
${isLinear ? "" : cubicBSpline("f32")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let g = parameters.geometry;
  if (any(id >= g.controlPoints)) { return; }
  let inColumn = g.controlPoints.y - ${points - 1};  // cells along y
  let s = i32(g.stride.z);
  let centre = ${isLinear ? "i32(id.z) * s" : "(i32(id.z) - 1) * s"};
  let support = ${isLinear ? "s" : "2 * s"};
  let begin = i32(g.firstPlane);
  let first = max(centre - support + 1, begin);
  let last = min(centre + support - 1, begin + i32(g.planes) - 1);
  var sum = vec3f(0);
  for (var z = first; z <= last; z++) {
    let weight = ${
      isLinear ? "1 - f32(abs(z - centre)) / f32(s)" : "cubicBSpline(f32(z - centre) / f32(s))"
    };
    let plane = u32(z - begin) * inColumn;
    for (var j = 0u; j < ${points}; j++) {
      if (id.y >= j && id.y - j < inColumn) {
        sum += weight * planes[${points} * ((plane + id.y - j) * g.controlPoints.x + id.x) + j].xyz;
      }
    }
  }
  let at = (id.z * g.controlPoints.y + id.y) * g.controlPoints.x + id.x;
  if (parameters.accumulate != 0) { sum += sums[at].xyz; }
  sums[at] = vec4f(sum, 0);
}`,
  };
}
