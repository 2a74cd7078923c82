import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { SLAB } from "./_slab.wgsl.ts";
import {
  type ChannelBits,
  channelsPerWord,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
  NO_DESCRIPTOR,
} from "./layout.ts";

/** WGSL that assigns the channels' patch distances of a quad to d0, d1, ... */
function channelDistances(neighbourhood: MindNeighbourhood): string {
  return MIND_LAYOUTS[neighbourhood].channels.map(({ offset, shift: [x, y, z] }, channel) => {
    const { offsets } = MIND_LAYOUTS[neighbourhood];
    const at = (dx: number) =>
      `distances[distanceAt(id, ${offset}, ${offsets.length}, vec3i(${dx}, ${y}, ${z}))]`;
    // Of a neighbouring quad one voxel is loaded.
    const value = x === 0
      ? at(0)
      : x > 0
      ? `vec4f(${at(0)}.yzw, ${at(1)}.x)`
      : `vec4f(${at(-1)}.w, ${at(0)}.xyz)`;
    return `  let d${channel} = ${value};`;
  }).join("\n");
}

const DISTANCES = /* wgsl */ `
/** Index of the distances of an offset at a quad near the invocation's. */
fn distanceAt(id: vec3u, offset: u32, offsets: u32, shift: vec3i) -> u32 {
  let p = parameters.slab;
  let quad = u32(clamp(i32(id.x) + shift.x, 0, i32(p.quads) - 1));
  let y = u32(clamp(i32(id.y) + shift.y, 0, i32(p.size.y) - 1));
  let z = u32(clamp(i32(p.begin + id.z) + shift.z, 0, i32(p.size.z) - 1)) - p.sourceBegin;
  return ((z * p.size.y + y) * offsets + offset) * p.quads + quad;
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

/** Index of a quad of the image; one that is not in the image is replaced by another. */
fn imageAt(quad: u32, y: i32, z: i32) -> u32 {
  let p = parameters.slab;
  let plane = u32(clamp(z, 0, i32(p.size.z) - 1)) - parameters.imageBegin;
  return (plane * p.size.y + u32(clamp(y, 0, i32(p.size.y) - 1))) * p.quads + quad;
}

fn exists(quad: u32, y: i32, z: i32) -> vec4<bool> {
  let p = parameters.slab;
  let inside = y >= 0 && y < i32(p.size.y) && z >= 0 && z < i32(p.size.z);
  return haveValues(image[imageAt(quad, y, z)]) & vec4<bool>(inside);
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
    let before = hasValue(image[imageAt(max(id.x, 1) - 1, y, z)].w) && id.x > 0;
    let after = hasValue(image[imageAt(min(id.x + 1, p.quads - 1), y, z)].x) && id.x + 1 < p.quads;
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
