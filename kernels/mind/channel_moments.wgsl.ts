import { pointsOfCell } from "../control_grid/adjoint.wgsl.ts";
import {
  CONTROL_GRID_GEOMETRY,
  type ControlGridInterpolation,
  cubicBSpline,
} from "../control_grid/control_grid.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import {
  cellColumns,
  CORNERS,
  corners,
  cornerSteps,
  entryOf,
  PULL_BUFFERS,
  PULL_FIELDS,
  SPLINE_OF,
} from "./_corners.wgsl.ts";
import { momentItems, productComponent } from "./channel_blocks.ts";
import {
  type ChannelBits,
  channelsPerWord,
  descriptorWords,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
} from "./layout.ts";
import { SAMPLED_ROWS, type SampledRows } from "./sampled_rows.ts";

/** Options of the kernels that pull the channels of descriptors through a control grid. */
export interface ChannelKernelOptions {
  /** The pairs of patches that a descriptor compares. */
  readonly neighbourhood: MindNeighbourhood;
  /** Bits per channel. */
  readonly bits: ChannelBits;
  /** The interpolation of the control grid. */
  readonly interpolation: ControlGridInterpolation;
  /** True if voxels may lie in other windows of the moving descriptors. */
  readonly windowed: boolean;
  /** The rows of a block that are compared. */
  readonly sampled: SampledRows;
}

/** The end of a kernel's label, by its options. */
export function channelKernelName(
  { neighbourhood, bits, interpolation, windowed, sampled }: ChannelKernelOptions,
): string {
  const rest = `${interpolation === "linear" ? "" : ", cubic"}${windowed ? ", in windows" : ""}${
    sampled === "all" ? "" : `, ${sampled} rows`
  }`;
  return `${neighbourhood}, ${bits} bits${rest}`;
}

/**
 * WGSL: the words of a voxel of both images, and whether it counts. The entries of both images follow from
 * {@link channelEntries}.
 */
export function loadWords(words: number): string {
  const all = Array.from({ length: words }, (_, w) => w);
  const found = all.flatMap((w) => [`f${w}`, ...CORNERS.map((c) => `m${w}_${c}`)]);
  return `${
    all.map((w) =>
      `let f${w} = fixed[fixedAt + ${w}];
    ${CORNERS.map((c) => `let m${w}_${c} = moving[at${c} + ${w}];`).join("\n    ")}`
    ).join("\n    ")
  }
    // The two bits above the channels are set in no descriptor that counts.
    let counts = (${found.join(" | ")}) <= ${2 ** 30 - 1}u;`;
}

/** The entries of a channel, in the units in which they are stored. */
export interface ChannelEntries {
  /** WGSL: declares the entries of the corners, `v0` to `v7`. */
  readonly ofCorners: string;
  /** WGSL: the entry of the fixed image. */
  readonly fixed: string;
  /** WGSL: the entry of the moving image, interpolated. */
  readonly moving: string;
}

/** The entries of a channel after {@link loadWords}. */
export function channelEntries(bits: ChannelBits, channel: number): ChannelEntries {
  const entry = entryOf(bits);
  const w = Math.floor(channel / channelsPerWord(bits));
  const i = channel % channelsPerWord(bits);
  return {
    ofCorners: CORNERS.map((c) => `let v${c} = ${entry(`m${w}_${c}`, i)};`).join("\n      "),
    fixed: entry(`f${w}`, i),
    moving: CORNERS.map((c) => `w${c} * v${c}`).join(" + "),
  };
}

/**
 * The sums of both images' channels, and of their squares and products, over the sampled rows of every block of the
 * fixed image; entries are in [-1/2, 1/2]. The moving descriptors are interpolated on the way: no warped image is stored.
 *
 * Neighbouring invocations differ in y, so that they reach the columns of the control grid's next cell together.
 */
export function channelMoments(options: ChannelKernelOptions): Kernel {
  const { neighbourhood, bits, interpolation, windowed } = options;
  const sampled = SAMPLED_ROWS[options.sampled];
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const words = descriptorWords(neighbourhood, bits);
  const items = momentItems(channels);
  const perUnit = 1 / maxChannelValue(bits);
  const all = Array.from({ length: channels }, (_, c) => c);
  const channel = (c: number) => {
    const { ofCorners, fixed, moving } = channelEntries(bits, c);
    const { item, lane } = productComponent(channels, c);
    return `
    {
      ${ofCorners}
      let f = select(0.0, ${fixed} * ${perUnit} - 0.5, counts);
      let m = select(0.0, (${moving}) * ${perUnit} - 0.5, counts);
      sum${c} += vec4f(f, m, f * f, m * m);
      sum${item}.${lane} += f * m;
    }`;
  };
  const weight = productComponent(channels, channels);
  const allItems = Array.from({ length: items }, (_, i) => i);
  return {
    label: `MIND moments of blocks (${channelKernelName(options)})`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  ${PULL_FIELDS}
  blocks: vec2u,         // blocks along x, y
  area: u32,             // elements of an item of a plane of blocks
  boundBlock: u32,       // first plane of blocks that is bound
  firstBlock: u32,       // first plane of blocks that is summed
  endBlock: u32,         // one past the last
  invocations: u32,      // invocations per row of workgroups
  accumulate: u32,       // whether to add to the sums of earlier windows
}
${PULL_BUFFERS}
@group(0) @binding(4) var<storage, read_write> moments: array<vec4f>;
override strideX: u32 = 4;
override width: u32 = 4;  // voxels of a block along each axis
${isLinear ? "" : cubicBSpline("vec4f") + SPLINE_OF}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let g = p.geometry;
  let item = id.x + id.y * p.invocations;
  let line = item / p.blocks.y;
  let layer = line / p.blocks.x;
  let block = vec3u(line - layer * p.blocks.x, item - line * p.blocks.y, p.firstBlock + layer);
  if (block.z >= p.endBlock) { return; }
  let begin = max(block * width, vec3u(0, 0, g.firstPlane));
  let end = min(block * width + width, vec3u(g.image.xy, g.firstPlane + g.planes));
  ${cornerSteps(words)}
  let at = (block.z - p.boundBlock) * ${items} * p.area + block.y * p.blocks.x + block.x;
  ${allItems.map((i) => `var sum${i} = vec4f(0);`).join("\n  ")}
  // A block may begin in an earlier slab.
  if (p.accumulate != 0 || block.z * width < g.firstPlane) {
    ${allItems.map((i) => `sum${i} = moments[at + ${i} * p.area];`).join("\n    ")}
  }
  for (var z = begin.z; z < end.z; z++) {
  let k = z - block.z * width;
  for (var y = begin.y + ${sampled.first}; y < end.y; y += ${sampled.step}) {
  let row = (z - g.firstPlane) * g.image.y + y;
  for (var cellX = begin.x / strideX; cellX * strideX < end.x; cellX++) {
  let column = row * g.controlPoints.x + cellX;
${cellColumns(points)}
  let endX = min(end.x, (cellX + 1) * strideX);
  for (var x = max(begin.x, cellX * strideX); x < endX; x++) {
  let t = f32(x - cellX * strideX) / f32(strideX);  // the position in the control grid's cell
  let u = ${isLinear ? "mix(u0, u1, t)" : "splineOf(u0, u1, u2, u3, t)"};
  ${corners({ voxel: "vec3f(vec3u(x, y, z))", words, windowed })}
  let fixedAt = (row * g.pitch + x) * ${words};
    ${loadWords(words)}
${all.map(channel).join("")}
    sum${weight.item}.${weight.lane} += select(0.0, 1.0, counts);
  }
  }
  }
  }
  ${allItems.map((i) => `moments[at + ${i} * p.area] = sum${i};`).join("\n  ")}
}`,
  };
}
