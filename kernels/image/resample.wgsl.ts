import type { Kernel } from "../gpu/gpu.ts";

/** Trilinear interpolation in a window of planes of the source; an invocation computes four voxels. */
export const RESAMPLE: Kernel = {
  label: "Resampling",
  code: /* wgsl */ `
struct Parameters {
  row0: vec4f,           // rows of the matrix from voxel indices of the result to those of the source
  row1: vec4f,
  row2: vec4f,
  size: vec3u,           // voxels of the result
  firstPlane: u32,       // first plane of the slab of the result that is bound
  sourceSize: vec3u,     // voxels of the source
  sourcePitch: u32,      // voxels from one row of the source to the next
  windowBegin: u32,      // first plane of the source that is bound
  windowEnd: u32,        // cells that begin before this plane are interpolated here
  outside: f32,          // value outside the source
  clamped: u32,          // whether the border continues beyond the source instead
  quads: u32,            // quads of voxels per row of the result
  planes: u32,           // planes of the slab
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read_write> destination: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

struct Sample { value: f32, written: bool }

fn interpolate(voxel: vec3u) -> Sample {
  let p = parameters;
  let x = vec4f(vec3f(voxel), 1);
  let raw = vec3f(dot(p.row0, x), dot(p.row1, x), dot(p.row2, x));
  let last = vec3f(p.sourceSize - 1);
  if (p.clamped == 0 && (any(raw < vec3f(-0.5)) || any(raw > last + 0.5))) {
    return Sample(p.outside, true);
  }
  let position = clamp(raw, vec3f(0), last);
  let cell = min(vec3u(position), max(p.sourceSize, vec3u(2)) - 2);
  if (cell.z < p.windowBegin || cell.z >= p.windowEnd) { return Sample(0, false); }
  let t = position - vec3f(cell);
  let plane = p.sourcePitch * p.sourceSize.y;
  let next = vec3u(1, p.sourcePitch, plane) * min(p.sourceSize - 1, vec3u(1));
  let at = (cell.z - p.windowBegin) * plane + cell.y * p.sourcePitch + cell.x;
  let near = mix(
    mix(source[at], source[at + next.x], t.x),
    mix(source[at + next.y], source[at + next.y + next.x], t.x),
    t.y,
  );
  let far = mix(
    mix(source[at + next.z], source[at + next.z + next.x], t.x),
    mix(source[at + next.z + next.y], source[at + next.z + next.y + next.x], t.x),
    t.y,
  );
  return Sample(mix(near, far, t.z), true);
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
  let voxel = vec3u(4 * id.x, id.y, p.firstPlane + id.z);
  let a = interpolate(voxel);
  let b = interpolate(voxel + vec3u(1, 0, 0));
  let c = interpolate(voxel + vec3u(2, 0, 0));
  let d = interpolate(voxel + vec3u(3, 0, 0));
  let value = vec4f(a.value, b.value, c.value, d.value);
  let written = vec4<bool>(a.written, b.written, c.written, d.written);
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  if (all(written)) {
    destination[quad] = value;
  } else if (any(written)) {
    destination[quad] = select(destination[quad], value, written);
  }
}`,
};
