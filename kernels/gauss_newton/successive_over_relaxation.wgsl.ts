import type { Kernel } from "../gpu/gpu.ts";

/** The sum of the neighbours of a quad of one component, as far as there are any. */
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
 * One colour of a red-black sweep over (A + alpha L) u = r, L the graph Laplacian of the six
 * neighbours: the voxels of one colour see only such of the other, so that their order does not
 * matter. The three components of a voxel follow each other. All are checkerboards: a quad holds four
 * voxels of one colour, and its neighbours along x are in a quad of the other parity and the one beside.
 */
export const RELAX: Kernel = {
  label: "successive over-relaxation",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,
  half: u32,         // quads of one parity in a row
  begin: u32,        // first plane to be written
  planes: u32,
  fieldBegin: u32,   // first plane of the field that is bound
  colour: u32,
  alpha: f32,
  omega: f32,
  padding0: u32,
  padding1: u32,
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
  if (id.x >= p.half || id.y >= p.size.y || id.z >= p.planes) { return; }
  let z = p.begin + id.z;
  let row = 2 * p.half;
  let plane = row * p.size.y;
  let parity = (p.colour + id.y + z) & 1;  // of this row's voxels of the colour
  let even = parity == 0;
  let base = (z - p.fieldBegin) * plane + id.y * row + id.x;
  let at = base + parity * p.half;
  let other = base + (1 - parity) * p.half;
  let next = select(
    select(other, other + 1, id.x + 1 < p.half),
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
  let e = 9 * (id.z * plane + id.y * row + parity * p.half + id.x);
  let xx = equations[e];
  let xy = equations[e + 1];
  let xz = equations[e + 2];
  let yy = equations[e + 3];
  let yz = equations[e + 4];
  let zz = equations[e + 5];
  // A voxel without neighbours and without structure stays where it is.
  let least = vec4f(1e-30);
  let dx = xx + degree;
  let dy = yy + degree;
  let dz = zz + degree;
  let nx = ux + p.omega * select(vec4f(0),
    (equations[e + 6] - xy * uy - xz * uz + p.alpha * sumx) / dx - ux, dx > least);
  let ny = uy + p.omega * select(vec4f(0),
    (equations[e + 7] - xy * nx - yz * uz + p.alpha * sumy) / dy - uy, dy > least);
  let nz = uz + p.omega * select(vec4f(0),
    (equations[e + 8] - xz * nx - yz * ny + p.alpha * sumz) / dz - uz, dz > least);
  fx[at] = nx;
  fy[at] = ny;
  fz[at] = nz;
}`,
};
