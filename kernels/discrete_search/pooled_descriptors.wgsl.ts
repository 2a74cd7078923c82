import type { Kernel } from "../gpu/gpu.ts";
import { channelsPerWord, descriptorWords, maxChannelValue, MIND_LAYOUTS } from "../mind/layout.ts";

/** Channels of a MIND-SSC descriptor. */
export const CHANNELS = MIND_LAYOUTS.ssc.channels.length;
/** Quads of channels per block. */
export const CHANNEL_QUADS = CHANNELS / 4;
/** Bits per channel of the descriptors. */
export const BITS = 5;

const WORDS = descriptorWords("ssc", BITS);
const IN_WORD = channelsPerWord(BITS);
const MAX = maxChannelValue(BITS);

const entry = (channel: number) =>
  `f32((word${Math.floor(channel / IN_WORD)} >> ${BITS * (channel % IN_WORD)}u) & ${MAX}u)`;
const quad = (q: number) => `vec4f(${[0, 1, 2, 3].map((c) => entry(4 * q + c)).join(", ")})`;
const quads = Array.from({ length: CHANNEL_QUADS }, (_, q) => q);

/** The mean descriptor of the valid voxels of each block; -1 where a block has too few valid voxels. */
export const POOL_DESCRIPTORS: Kernel = {
  label: "Discrete search: mean descriptors",
  code: /* wgsl */ `
struct Parameters {
  size: vec3u,     // voxels of the image
  pitch: u32,      // voxels from one row to the next
  blocks: vec3u,   // blocks of the image
  edge: u32,       // voxels along an edge of a block
  fewest: f32,     // the fewest valid voxels of a block
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> descriptors: array<u32>;
@group(0) @binding(2) var<storage, read_write> pooled: array<vec4f>;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  if (id.x >= p.blocks.x || id.y >= p.blocks.y) { return; }
  let first = id * p.edge;
  var count = 0.0;
  ${quads.map((q) => `var sum${q} = vec4f(0);`).join("\n  ")}
  for (var z = 0u; z < p.edge; z++) {
    for (var y = 0u; y < p.edge; y++) {
      let row = ((first.z + z) * p.size.y + first.y + y) * p.pitch + first.x;
      for (var x = 0u; x < p.edge; x++) {
        let at = (row + x) * ${WORDS};
        ${
    Array.from({ length: WORDS }, (_, w) => `let word${w} = descriptors[at + ${w}];`).join(
      "\n        ",
    )
  }
        // The two bits above the channels are set in no descriptor that counts.
        let weight = select(0.0, 1.0, word0 < ${2 ** 30}u);
        count += weight;
        ${quads.map((q) => `sum${q} += weight * ${quad(q)};`).join("\n        ")}
      }
    }
  }
  let at = ((id.z * p.blocks.y + id.y) * p.blocks.x + id.x) * ${CHANNEL_QUADS};
  let counts = count >= p.fewest;
  ${
    quads.map((q) =>
      `pooled[at + ${q}] = select(vec4f(-1), sum${q} / (${MAX} * max(count, 1)), counts);`
    ).join("\n  ")
  }
}`,
};
