import { CELL } from "./_interpolation.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";

/** w(x) = first(x) + second(x + first(x)), in voxels of one grid. */
export const COMPOSE_FIELDS: Kernel = {
  label: "Field composition",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,        // voxels of both fields
  pitch: u32,         // voxels from one row to the next
  firstPlane: u32,    // first plane of the slab of the result that is bound
  planes: u32,        // planes of the slab
  windowBegin: u32,   // first plane of the second field that is bound
  windowEnd: u32,     // cells that begin before this plane are interpolated here
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> first: array<f32>;   // one component, to be added
@group(0) @binding(2) var<storage, read> fx: array<f32>;
@group(0) @binding(3) var<storage, read> fy: array<f32>;
@group(0) @binding(4) var<storage, read> fz: array<f32>;
@group(0) @binding(5) var<storage, read> second: array<f32>;  // the same component
@group(0) @binding(6) var<storage, read_write> composed: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;
${CELL}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  let point = vec3f(vec3u(id.xy, p.firstPlane + id.z)) + vec3f(fx[at], fy[at], fz[at]);
  let cell = cellOf(point, p.size, p.pitch, p.windowBegin);
  if (cell.plane < p.windowBegin || cell.plane >= p.windowEnd) { return; }
  let n = cell.next;
  composed[at] = first[at] + trilinear(array<f32, 8>(
    second[cell.at],
    second[cell.at + n.x],
    second[cell.at + n.y],
    second[cell.at + n.y + n.x],
    second[cell.at + n.z],
    second[cell.at + n.z + n.x],
    second[cell.at + n.z + n.y],
    second[cell.at + n.z + n.y + n.x],
  ), cell.t);
}`,
};

/**
 * Inverse displacements v of the points p = matrix y by the fixed-point iteration v <- -u(p + v)
 * (Chen et al. 2008). The step is halved where the residual does not decrease.
 */
export const INVERT_FIELD: Kernel = {
  label: "Field inversion",
  code: /* wgsl */ `
struct Parameters {
  row0: vec4f,          // rows of the matrix from voxel indices of the result to those of the field
  row1: vec4f,
  row2: vec4f,
  size: vec3u,          // voxels of the result
  firstPlane: u32,      // first plane of the slab of the result that is bound
  fieldSize: vec3u,     // voxels of the field
  fieldPitch: u32,      // voxels from one row of the field to the next
  pitch: u32,           // voxels from one row of the result to the next
  planes: u32,          // planes of the slab
  maxIterations: u32,
  tolerance: f32,       // voxels of the field
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> ux: array<f32>;
@group(0) @binding(2) var<storage, read> uy: array<f32>;
@group(0) @binding(3) var<storage, read> uz: array<f32>;
@group(0) @binding(4) var<storage, read_write> vx: array<f32>;
@group(0) @binding(5) var<storage, read_write> vy: array<f32>;
@group(0) @binding(6) var<storage, read_write> vz: array<f32>;
@group(0) @binding(7) var<storage, read_write> residuals: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;
${CELL}

fn displacement(point: vec3f) -> vec3f {
  let p = parameters;
  let cell = cellOf(point, p.fieldSize, p.fieldPitch, 0);
  var sum = vec3f(0);
  for (var corner = 0u; corner < 8; corner++) {
    let far = vec3u(corner & 1, (corner >> 1) & 1, corner >> 2);
    let w = select(1 - cell.t, cell.t, far == vec3u(1));
    let at = cell.at + dot(far, cell.next);
    sum += w.x * w.y * w.z * vec3f(ux[at], uy[at], uz[at]);
  }
  return sum;
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let y = vec4f(vec3f(vec3u(id.xy, p.firstPlane + id.z)), 1);
  let fixedPoint = vec3f(dot(p.row0, y), dot(p.row1, y), dot(p.row2, y));
  var v = -displacement(fixedPoint);
  var error = displacement(fixedPoint + v) + v;
  var pace = 1.0;
  for (var i = 0u; i < p.maxIterations && length(error) > p.tolerance; i++) {
    let next = v - pace * error;
    let nextError = displacement(fixedPoint + next) + next;
    if (length(nextError) < length(error)) {
      v = next;
      error = nextError;
      pace = min(1, 1.5 * pace);
    } else {
      pace *= 0.5;
    }
  }
  let at = (id.z * p.size.y + id.y) * p.pitch + id.x;
  vx[at] = v.x;
  vy[at] = v.y;
  vz[at] = v.z;
  residuals[at] = length(error);
}`,
};

/** det(I + du/dx): central differences, one-sided at the border. */
export const JACOBIAN: Kernel = {
  label: "Jacobian determinant",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,        // voxels of the field and the result
  pitch: u32,         // voxels from one row to the next
  firstPlane: u32,    // first plane of the slab of the result that is bound
  planes: u32,        // planes of the slab
  sourceBegin: u32,   // first plane of the field that is bound
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> ux: array<f32>;
@group(0) @binding(2) var<storage, read> uy: array<f32>;
@group(0) @binding(3) var<storage, read> uz: array<f32>;
@group(0) @binding(4) var<storage, read_write> result: array<f32>;
override wx: u32 = 64;
override wy: u32 = 1;

fn displacement(voxel: vec3u) -> vec3f {
  let p = parameters;
  let at = ((voxel.z - p.sourceBegin) * p.size.y + voxel.y) * p.pitch + voxel.x;
  return vec3f(ux[at], uy[at], uz[at]);
}

fn difference(voxel: vec3u, axis: vec3u) -> vec3f {
  let ahead = min(voxel + axis, parameters.size - 1);
  let behind = max(voxel, axis) - axis;
  let steps = dot(ahead - behind, vec3u(1));
  if (steps == 0) { return vec3f(0); }
  return (displacement(ahead) - displacement(behind)) / f32(steps);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.size.x || id.y >= p.size.y || id.z >= p.planes) { return; }
  let voxel = vec3u(id.xy, p.firstPlane + id.z);
  let dx = vec3f(1, 0, 0) + difference(voxel, vec3u(1, 0, 0));
  let dy = vec3f(0, 1, 0) + difference(voxel, vec3u(0, 1, 0));
  let dz = vec3f(0, 0, 1) + difference(voxel, vec3u(0, 0, 1));
  result[(id.z * p.size.y + id.y) * p.pitch + id.x] = dot(dx, cross(dy, dz));
}`,
};
