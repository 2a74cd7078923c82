import type { Kernel } from "../gpu/gpu.ts";

/** The largest radius of a filter, voxels. */
export const MAX_RADIUS = 63;

const COMMON = /* wgsl */ `
struct Parameters {
  size: vec3u,         // voxels of the image
  firstPlane: u32,     // first plane of the slab of the result that is bound
  quads: u32,          // quads of voxels per row
  planes: u32,         // planes of the slab
  sourceBegin: u32,    // first plane of the source that is bound
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;  // from the centre outwards
@group(0) @binding(3) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
override radius: u32 = 1;
`;

/** A symmetric filter along x: the neighbours come from vec4 loads, shifted by one voxel per step. */
export const FILTER_ROWS: Kernel = {
  label: "Gaussian along x, any radius",
  code: /* wgsl */ `
${COMMON}
fn quadAt(row: u32, index: i32) -> vec4f {
  let p = parameters;
  let last = p.size.x - 1;
  if (index < 0) { return vec4f(source[row].x); }
  let quad = min(u32(index), p.quads - 1);
  let v = source[row + quad];
  // The border's voxel continues beyond the row, also within its last quad.
  let edge = source[row + last / 4][last % 4];
  let x = vec4u(4 * u32(index)) + vec4u(0, 1, 2, 3);
  return select(v, vec4f(edge), x > vec4u(last));
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
  let row = (p.firstPlane + id.z - p.sourceBegin) * p.size.y * p.quads + id.y * p.quads;
  let centre = quadAt(row, i32(id.x));
  var sum = weights[0] * centre;
  var left = centre;       // voxels x - k ... x - k + 3
  var right = centre;
  var before = centre;
  var after = centre;
  for (var k = 1u; k <= radius; k++) {
    let phase = (k - 1) % 4;
    if (phase == 0) {
      let quads = i32((k - 1) / 4) + 1;
      before = quadAt(row, i32(id.x) - quads);
      after = quadAt(row, i32(id.x) + quads);
    }
    left = vec4f(before[3 - phase], left.xyz);
    right = vec4f(right.yzw, after[phase]);
    sum += weights[k] * (left + right);
  }
  destination[(id.z * p.size.y + id.y) * p.quads + id.x] = sum;
}`,
};

/** A symmetric filter along y or z on whole quads; an invocation computes four results. */
export const FILTER_COLUMNS: Kernel = {
  label: "Gaussian along y or z, any radius",
  code: /* wgsl */ `
${COMMON}
override alongZ: bool = false;

fn quadAt(x: u32, y: u32, z: u32) -> vec4f {
  return source[((z - parameters.sourceBegin) * parameters.size.y + y) * parameters.quads + x];
}

fn rowAt(id: vec3u, along: i32) -> vec4f {
  let p = parameters;
  if (alongZ) {
    return quadAt(id.x, id.y, u32(clamp(along, 0, i32(p.size.z) - 1)));
  }
  return quadAt(id.x, u32(clamp(along, 0, i32(p.size.y) - 1)), p.firstPlane + id.z);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  // id counts groups of four results along the filtered axis.
  let first = select(4 * id.y, p.firstPlane + 4 * id.z, alongZ);
  let end = select(p.size.y, p.firstPlane + p.planes, alongZ);
  let other = select(id.z < p.planes, id.y < p.size.y, alongZ);
  if (id.x >= p.quads || first >= end || !other) { return; }
  var a = vec4f(0);
  var b = vec4f(0);
  var c = vec4f(0);
  var d = vec4f(0);
  let r = i32(radius);
  for (var k = -r; k <= r + 3; k++) {
    let v = rowAt(id, i32(first) + k);
    if (k <= r) { a += weights[u32(abs(k))] * v; }
    if (k - 1 >= -r && k - 1 <= r) { b += weights[u32(abs(k - 1))] * v; }
    if (k - 2 >= -r && k - 2 <= r) { c += weights[u32(abs(k - 2))] * v; }
    if (k - 3 >= -r) { d += weights[u32(abs(k - 3))] * v; }
  }
  let step = select(p.quads, p.quads * p.size.y, alongZ);
  let at = select(
    (id.z * p.size.y + first) * p.quads + id.x,
    ((first - p.firstPlane) * p.size.y + id.y) * p.quads + id.x,
    alongZ,
  );
  destination[at] = a;
  if (first + 1 < end) { destination[at + step] = b; }
  if (first + 2 < end) { destination[at + 2 * step] = c; }
  if (first + 3 < end) { destination[at + 3 * step] = d; }
}`,
};
