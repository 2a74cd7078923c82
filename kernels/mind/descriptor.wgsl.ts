import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import {
  type ChannelBits,
  channelsPerWord,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
  NO_DESCRIPTOR,
} from "./layout.ts";

/** The largest half-size of a patch, voxels. */
export const MAX_PATCH_RADIUS = 3;

/** The WGSL struct with which the uniform block of every pass begins: the image, and the planes that are bound. */
const SLAB = /* wgsl */ `
struct Slab {
  size: vec3u,         // voxels of the image
  quads: u32,          // quads of voxels per row
  sourceBegin: u32,    // first plane of the input
  begin: u32,          // first plane of the output
  planes: u32,         // planes of the output
  sourcePlanes: u32,   // planes of the input
}
`;

/**
 * Squared differences (I(x) - I(x + o))^2, smoothed along x with the patch weights. A difference is 0
 * where one of its voxels is outside the image or has no value.
 */
export const MIND_DIFFERENCES: Kernel = {
  label: "MIND differences",
  code: /* wgsl */ `
${SLAB}
${NO_VALUE_WGSL}
struct Parameters {
  slab: Slab,
  offset: vec3i,      // voxels from x to x + o
  scale: f32,         // factor of the intensities
  weights: vec4f,     // patch weights from the centre outwards
  destination: u32,   // quads before the offset's result
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

const LANES = vec4i(0, 1, 2, 3);

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
  let o = parameters.offset;
  let y = i32(id.y);
  let z = i32(p.begin + id.z);
  let quad = i32(id.x);
  let last = i32(p.quads) - 1;
  let here = (u32(z) - p.sourceBegin) * p.size.y + id.y;
  let otherY = y + o.y;
  let otherZ = z + o.z;
  let exists = otherY >= 0 && otherY < i32(p.size.y) && otherZ >= 0 && otherZ < i32(p.size.z);
  var there = here;
  if (exists) { there = (u32(otherZ) - p.sourceBegin) * p.size.y + u32(otherY); }
  let before = u32(max(quad - 1, 0));
  let after = u32(min(quad + 1, last));
  let a0 = source[here * p.quads + before];
  let a1 = source[here * p.quads + id.x];
  let a2 = source[here * p.quads + after];
  let c0 = source[there * p.quads + before];
  let c1 = source[there * p.quads + id.x];
  let c2 = source[there * p.quads + after];
  var b0 = c0;
  var b1 = c1;
  var b2 = c2;
  if (o.x > 0) {
    b0 = vec4f(c0.yzw, c1.x);
    b1 = vec4f(c1.yzw, c2.x);
    b2 = vec4f(c2.yzw, c2.w);  // the last lane is beyond every patch
  } else if (o.x < 0) {
    b0 = vec4f(c0.x, c0.xyz);
    b1 = vec4f(c0.w, c1.xyz);
    b2 = vec4f(c1.w, c2.xyz);
  }
  let nx = i32(p.size.x);
  let x = vec4i(4 * quad) + LANES;
  let d0 = difference(a0, b0, x - 4, o.x, nx, exists);
  let d1 = difference(a1, b1, x, o.x, nx, exists);
  let d2 = difference(a2, b2, x + 4, o.x, nx, exists);
  let g = parameters.weights;
  smoothed[parameters.destination + (id.z * p.size.y + id.y) * p.quads + id.x] = g.x * d1 +
    g.y * (vec4f(d0.w, d1.xyz) + vec4f(d1.yzw, d2.x)) +
    g.z * (vec4f(d0.zw, d1.xy) + vec4f(d1.zw, d2.xy)) +
    g.w * (vec4f(d0.yzw, d1.x) + vec4f(d1.w, d2.xyz));
}

fn difference(a: vec4f, b: vec4f, x: vec4i, shift: i32, nx: i32, exists: bool) -> vec4f {
  let other = x + shift;
  let d = parameters.scale * (a - b);
  let counts = haveValues(a) & haveValues(b) & (x < vec4i(nx)) &
    (x >= vec4i(0)) & (other >= vec4i(0)) & (other < vec4i(nx)) & vec4<bool>(exists);
  return select(vec4f(0), d * d, counts);
}`,
};

/** Smooths the distances of all offsets with the patch weights along y or z. */
export const MIND_SMOOTH: Kernel = {
  label: "MIND patch distances",
  code: /* wgsl */ `
${SLAB}
struct Parameters {
  slab: Slab,
  weights: vec4f,   // patch weights from the centre outwards
  alongZ: u32,      // whether along z, not y
  offsets: u32,     // number of offsets
  radius: i32,      // half-size of the patch, voxels
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> source: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> smoothed: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
  let g = parameters.weights;
  for (var offset = 0u; offset < parameters.offsets; offset++) {
    var sum = vec4f(0);
    for (var j = -parameters.radius; j <= parameters.radius; j++) {
      var y = i32(id.y);
      var z = i32(p.begin + id.z);
      if (parameters.alongZ != 0) { z += j; } else { y += j; }
      if (y < 0 || y >= i32(p.size.y) || z < 0 || z >= i32(p.size.z)) { continue; }
      let plane = offset * p.sourcePlanes + u32(z) - p.sourceBegin;
      let k = abs(j);
      let weight = select(select(g.x, g.y, k == 1), select(g.z, g.w, k == 3), k >= 2);
      sum += weight * source[(plane * p.size.y + u32(y)) * p.quads + id.x];
    }
    smoothed[((offset * p.planes + id.z) * p.size.y + id.y) * p.quads + id.x] = sum;
  }
}`,
};

/** WGSL that assigns the channels' patch distances of a quad to d0, d1, ... */
function channelDistances(neighbourhood: MindNeighbourhood): string {
  return MIND_LAYOUTS[neighbourhood].channels.map(({ offset, shift: [x, y, z] }, channel) => {
    const at = (dx: number) => `distance(id, ${offset}, ${dx}, ${y}, ${z})`;
    const value = x === 0
      ? at(0)
      : x > 0
      ? `vec4f(${at(0)}.yzw, ${at(1)}.x)`
      : `vec4f(${at(-1)}.w, ${at(0)}.xyz)`;
    return `  let d${channel} = ${value};`;
  }).join("\n");
}

const DISTANCES = /* wgsl */ `
fn distance(id: vec3u, offset: u32, dx: i32, dy: i32, dz: i32) -> vec4f {
  let p = parameters.slab;
  let quad = u32(clamp(i32(id.x) + dx, 0, i32(p.quads) - 1));
  let y = u32(clamp(i32(id.y) + dy, 0, i32(p.size.y) - 1));
  let z = u32(clamp(i32(p.begin + id.z) + dz, 0, i32(p.size.z) - 1)) - p.sourceBegin;
  return distances[((offset * p.sourcePlanes + z) * p.size.y + y) * p.quads + quad];
}
`;

/**
 * The variance v of eq. 5, the mean of patch distances. It is -1 where the voxel does not count: where it
 * has no value, or one of its six-neighbours does not exist or has no value (an axis of one voxel has no
 * neighbours and needs none).
 */
export function mindVariance(neighbourhood: MindNeighbourhood): Kernel {
  const { variance } = MIND_LAYOUTS[neighbourhood];
  return {
    label: `MIND variance (${neighbourhood})`,
    code: /* wgsl */ `
${SLAB}
${NO_VALUE_WGSL}
struct Parameters {
  slab: Slab,
  imageBegin: u32,   // first plane of the image that is bound
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;
@group(0) @binding(2) var<storage, read> image: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> variance: array<vec4f>;
override wx: u32 = 32;
override wy: u32 = 2;
${DISTANCES}

fn exists(quad: u32, y: i32, z: i32) -> vec4<bool> {
  let p = parameters.slab;
  if (y < 0 || y >= i32(p.size.y) || z < 0 || z >= i32(p.size.z)) { return vec4<bool>(false); }
  return haveValues(
    image[((u32(z) - parameters.imageBegin) * p.size.y + u32(y)) * p.quads + quad],
  );
}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
${channelDistances(neighbourhood)}
  let mean = (${variance.map((channel) => `d${channel}`).join(" + ")}) / ${variance.length};
  let y = i32(id.y);
  let z = i32(p.begin + id.z);
  let x = vec4u(4 * id.x) + vec4u(0, 1, 2, 3);
  let here = exists(id.x, y, z) & (x < vec4u(p.size.x));
  var counts = here;
  if (p.size.x > 1) {
    let before = exists(max(id.x, 1) - 1, y, z).w && id.x > 0;
    let after = exists(min(id.x + 1, p.quads - 1), y, z).x && id.x + 1 < p.quads;
    counts &= vec4<bool>(before, here.xyz) & vec4<bool>(here.yzw, after) & (x + 1 < vec4u(p.size.x));
  }
  if (p.size.y > 1) { counts &= exists(id.x, y - 1, z) & exists(id.x, y + 1, z); }
  if (p.size.z > 1) { counts &= exists(id.x, y, z - 1) & exists(id.x, y, z + 1); }
  variance[(id.z * p.size.y + id.y) * p.quads + id.x] = select(vec4f(-1), mean, counts);
}`,
  };
}

/** The bounds of the variance, from its mean over the image. */
export const MIND_VARIANCE_BOUNDS: Kernel = {
  label: "MIND variance bounds",
  code: /* wgsl */ `
struct Parameters {
  parts: u32,              // partial sums of the variance
  thousandthAndFold: u32,  // whether the bounds are 0.001 and 1000 times the mean
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parts: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> bounds: array<f32>;

@compute @workgroup_size(1)
fn main() {
  var sum = vec2f(0);
  for (var i = 0u; i < parameters.parts; i++) { sum += parts[i]; }
  let mean = sum.x / max(sum.y, 1);
  let a = select(sqrt(mean), 0.001 * mean, parameters.thousandthAndFold != 0);
  let b = select(mean * mean, 1000 * mean, parameters.thousandthAndFold != 0);
  bounds[0] = max(min(a, b), 1e-12);  // a constant image has no variance
  bounds[1] = max(max(a, b), 1e-12);
}`,
};

/** Eq. 5: exp(-d / v), divided by the largest entry, in 5 or 10 bits per channel. */
export function mindPack(neighbourhood: MindNeighbourhood, bits: ChannelBits): Kernel {
  const { channels } = MIND_LAYOUTS[neighbourhood];
  const inWord = channelsPerWord(bits);
  const words = Math.ceil(channels.length / inWord);
  const minDistance = channels.map((_, channel) => `d${channel}`)
    .reduce((expression, d) => `min(${expression}, ${d})`);
  const entry = (channel: number) =>
    `vec4u(round(${maxChannelValue(bits)} * exp((minDistance - d${channel}) / v))) << vec4u(${
      bits * (channel % inWord)
    })`;
  const word = (index: number) =>
    channels.map((_, channel) => channel)
      .filter((channel) => Math.floor(channel / inWord) === index)
      .map((channel) => `(${entry(channel)})`).join(" | ");
  return {
    label: `MIND descriptors (${neighbourhood}, ${bits} bits)`,
    code: /* wgsl */ `
${SLAB}
struct Parameters { slab: Slab }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> distances: array<vec4f>;
@group(0) @binding(2) var<storage, read> variance: array<vec4f>;
@group(0) @binding(3) var<storage, read> bounds: array<f32>;
@group(0) @binding(4) var<storage, read_write> descriptors: array<u32>;
override wx: u32 = 32;
override wy: u32 = 2;
${DISTANCES}

@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters.slab;
  if (id.x >= p.quads || id.y >= p.size.y || id.z >= p.planes) { return; }
${channelDistances(neighbourhood)}
  let minDistance = ${minDistance};
  let quad = (id.z * p.size.y + id.y) * p.quads + id.x;
  let raw = variance[quad];
  let v = clamp(raw, vec4f(bounds[0]), vec4f(bounds[1]));
  let counts = raw >= vec4f(0);
  let at = quad * 4 * ${words};
${
      Array.from({ length: words }, (_, w) => `
  let word${w} = select(vec4u(${NO_DESCRIPTOR}), ${word(w)}, counts);
  descriptors[at + ${w}] = word${w}.x;
  descriptors[at + ${words + w}] = word${w}.y;
  descriptors[at + ${2 * words + w}] = word${w}.z;
  descriptors[at + ${3 * words + w}] = word${w}.w;`).join("")
    }
}`,
  };
}
