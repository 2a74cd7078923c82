import type { Kernel } from "../gpu/gpu.ts";
import { NO_VALUE_WGSL } from "../gpu/no_value.ts";
import { type ChannelBits, maxChannelValue, NO_DESCRIPTOR } from "./layout.ts";

/** Unpacks one channel of descriptors to [0, 1]; NO_VALUE where a voxel does not count. */
export function mindChannel(bits: ChannelBits): Kernel {
  const max = maxChannelValue(bits);
  return {
    label: `MIND channel as an image (${bits} bits)`,
    code: /* wgsl */ `
${NO_VALUE_WGSL}
struct Parameters {
  quads: u32,  // quads of voxels in the bound planes
  words: u32,  // words per voxel
  word: u32,   // the word of the channel
  shift: u32,  // the first bit of the channel
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> descriptors: array<u32>;
@group(0) @binding(2) var<storage, read_write> image: array<vec4f>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let p = parameters;
  let quad = id.y * groups.x * 64 + id.x;
  if (quad >= p.quads) { return; }
  let at = vec4u(0, 1, 2, 3) * p.words + 4 * quad * p.words + p.word;
  let found = vec4u(descriptors[at.x], descriptors[at.y], descriptors[at.z], descriptors[at.w]);
  let entries = vec4f((found >> vec4u(p.shift)) & vec4u(${max}u)) / ${max}.0;
  image[quad] = select(entries, vec4f(NO_VALUE), found == vec4u(${NO_DESCRIPTOR}u));
}`,
  };
}
