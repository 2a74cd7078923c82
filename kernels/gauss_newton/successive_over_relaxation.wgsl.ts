/**
 * Shader of the successive over-relaxation.
 *
 * @module
 */

import type { Kernel } from "../gpu/gpu.ts";

/** A voxel whose diagonal element is not larger has neither neighbours nor structure: it keeps its value. */
export const MIN_DIAGONAL = 1e-30;

/** The sum over the neighbours of a quad of one component; neighbours outside the image count as 0. */
const neighbours = (c: "x" | "y" | "z") => /* wgsl */ `
  let u${c} = f${c}[at];
  let between${c} = f${c}[other];
  let beyond${c} = f${c}[next];
  let sum${c} = select(vec4f(0), select(between${c}, vec4f(beyond${c}.w, between${c}.xyz), even), hasBefore) +
    select(vec4f(0), select(vec4f(between${c}.yzw, beyond${c}.x), between${c}, even), hasAfter) +
    up * f${c}[select(at, at - row, id.y > 0)] +
    down * f${c}[select(at, at + row, id.y + 1 < p.size.y)] +
    back * f${c}[select(at, at - plane, z > 0)] +
    front * f${c}[select(at, at + plane, z + 1 < p.size.z)];
`;

/**
 * One colour of a red-black sweep over (A + alpha L) u = r, with L the graph Laplacian of the six neighbours.
 * Voxels of one colour depend on voxels of the other colour only, so that their order has no influence. The
 * three components of a voxel are updated one after the other. All images are checkerboards: a quad holds
 * four voxels of one colour, and its neighbours along x lie in a quad of the other parity and in the adjacent
 * quad of that parity.
 */
export const RELAX: Kernel = {
  label: "Successive over-relaxation",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,     // voxels
  halfQuads: u32,  // quads of each parity per row
  begin: u32,      // first plane that is written
  planes: u32,     // planes that are written
  fieldBegin: u32, // first plane of the field that is bound
  colour: u32,     // 0 or 1: parity of x + y + z
  alpha: f32,      // weight of the squared differences between neighbours
  omega: f32,      // over-relaxation
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> equations: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> fx: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> fy: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> fz: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.halfQuads || id.y >= p.size.y || id.z >= p.planes) { return; }
  let z = p.begin + id.z;
  let row = 2 * p.halfQuads;
  let plane = row * p.size.y;
  let parity = (p.colour + id.y + z) & 1;  // parity along x of the colour in this row
  let even = parity == 0;
  let base = (z - p.fieldBegin) * plane + id.y * row + id.x;
  let at = base + parity * p.halfQuads;
  let other = base + (1 - parity) * p.halfQuads;
  let next = select(
    select(other, other + 1, id.x + 1 < p.halfQuads),
    select(other, other - 1, id.x > 0),
    even,
  );
  let x = 8 * id.x + parity + vec4u(0, 2, 4, 6);
  let hasBefore = x > vec4u(0);
  let hasAfter = x + 1 < vec4u(p.size.x);
  let up = select(0.0, 1.0, id.y > 0);
  let down = select(0.0, 1.0, id.y + 1 < p.size.y);
  let back = select(0.0, 1.0, z > 0);
  let front = select(0.0, 1.0, z + 1 < p.size.z);
  let degree = p.alpha * (up + down + back + front +
    select(vec4f(0), vec4f(1), hasBefore) + select(vec4f(0), vec4f(1), hasAfter));
${neighbours("x")}${neighbours("y")}${neighbours("z")}
  let e = 9 * (id.z * plane + id.y * row + parity * p.halfQuads + id.x);
  let xx = equations[e];
  let xy = equations[e + 1];
  let xz = equations[e + 2];
  let yy = equations[e + 3];
  let yz = equations[e + 4];
  let zz = equations[e + 5];
  let minDiagonal = vec4f(${MIN_DIAGONAL});
  let dx = xx + degree;
  let dy = yy + degree;
  let dz = zz + degree;
  let nx = ux + p.omega * select(vec4f(0),
    (equations[e + 6] - xy * uy - xz * uz + p.alpha * sumx) / dx - ux, dx > minDiagonal);
  let ny = uy + p.omega * select(vec4f(0),
    (equations[e + 7] - xy * nx - yz * uz + p.alpha * sumy) / dy - uy, dy > minDiagonal);
  let nz = uz + p.omega * select(vec4f(0),
    (equations[e + 8] - xz * nx - yz * ny + p.alpha * sumz) / dz - uz, dz > minDiagonal);
  fx[at] = nx;
  fy[at] = ny;
  fz[at] = nz;
}`,
};
