import type { Kernel } from "../gpu/gpu.ts";

/** Trilinear interpolation of a z window of the source; four voxels an invocation. */
export const RESAMPLE: Kernel = {
  label: "resample",
  code: /* wgsl */ `
struct Parameters {
  row0: vec4f,           // output index to source index
  row1: vec4f,
  row2: vec4f,
  size: vec3u,           // of the output
  firstPlane: u32,       // of the slab of the output that is bound
  source: vec3u,
  sourcePitch: u32,
  windowBegin: u32,      // first plane of the source that is bound
  windowEnd: u32,        // cells that begin before this plane are interpolated here
  outside: f32,
  clamped: u32,          // whether the border continues beyond the source
  quads: u32,
  planes: u32,
  padding0: u32,
  padding1: u32,
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
  let last = vec3f(p.source - 1);
  if (p.clamped == 0 && (any(raw < vec3f(-0.5)) || any(raw > last + 0.5))) {
    return Sample(p.outside, true);
  }
  let position = clamp(raw, vec3f(0), last);
  let cell = min(vec3u(position), max(p.source, vec3u(2)) - 2);
  if (cell.z < p.windowBegin || cell.z >= p.windowEnd) { return Sample(0, false); }
  let t = position - vec3f(cell);
  let plane = p.sourcePitch * p.source.y;
  let next = vec3u(1, p.sourcePitch, plane) * min(p.source - 1, vec3u(1));
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
