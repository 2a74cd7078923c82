import { cellSums, pointsOfCell } from "../control_grid/adjoint.wgsl.ts";
import { CONTROL_GRID_GEOMETRY } from "../control_grid/control_grid.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import {
  CORNER_SLOPES,
  CORNERS,
  corners,
  cornerSteps,
  PULL_BUFFERS,
  PULL_FIELDS,
  SPLINE_OF,
  storeCells,
} from "./_corners.wgsl.ts";
import { slopeComponents, slopeItems } from "./channel_blocks.ts";
import {
  channelEntries,
  channelKernelName,
  type ChannelKernelOptions,
  loadWords,
} from "./channel_moments.wgsl.ts";
import { descriptorWords, MIND_LAYOUTS } from "./layout.ts";
import { firstSampledRow, SAMPLED_ROWS } from "./sampled_rows.ts";

/** Maximum number of rows of a block that one invocation computes. */
export const MAX_RESIDUAL_ROWS = 4;

/** Options of {@link channelResidual}. */
export interface ChannelResidualOptions extends ChannelKernelOptions {
  /** Rows of a block that one invocation computes. */
  readonly rows: number;
}

/**
 * The derivative of the correlation of all channels with respect to the displacement, summed at the control points of
 * each cell of a row (the adjoint along x). The derivative by an entry of the moving image is linear in the entries of
 * both images, with the same coefficients in a whole block. No voxel's value is stored.
 *
 * An invocation computes some rows of a block and loads the coefficients of each of its blocks once. Neighbouring
 * invocations differ in y, so that they reach the next block together. Rows that are not sampled get zeros.
 */
export function channelResidual(options: ChannelResidualOptions): Kernel {
  const { neighbourhood, bits, interpolation, windowed, sampled } = options;
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  const { begin, buffers, add, sums, functions } = cellSums(interpolation);
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const words = descriptorWords(neighbourhood, bits);
  const { ofChannel: slopes } = slopeComponents(channels);
  const items = slopeItems(channels);
  const all = Array.from({ length: channels }, (_, c) => c);
  const rows = Array.from({ length: options.rows }, (_, r) => r);
  const ofCell = Array.from({ length: points }, (_, j) => j);
  /** WGSL: one of the values of all rows, that of the row `i`. */
  const ofRow = (name: (row: number) => string) =>
    rows.slice(1).reduce((rest, row) => `select(${rest}, ${name(row)}, i == ${row})`, name(0));
  const channel = (c: number) => {
    const { ofCorners, fixed, moving } = channelEntries(bits, c);
    const [ofF, ofM, rest] = slopes[c].map(({ item, lane }) => `slopes${item}.${lane}`);
    return `
    {
      ${ofCorners}
      let d = ${ofM} * (${moving}) - ${ofF} * ${fixed} - ${rest};
      ${CORNERS.map((k) => `g${k} += d * v${k};`).join("\n      ")}
    }`;
  };
  return {
    label: `MIND residual of windows (${channelKernelName(options)})`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  ${PULL_FIELDS}
  blocks: vec2u,         // blocks along x, y
  area: u32,             // elements of an item of a plane of blocks
  boundBlock: u32,       // first plane of blocks that is bound
  first: u32,            // first plane of voxels
  end: u32,              // one past the last
  invocations: u32,      // invocations per row of workgroups
  accumulate: u32,       // whether to add to the sums of earlier windows
}
${PULL_BUFFERS}
@group(0) @binding(4) var<storage, read> slopes: array<vec4f>;
${buffers(5, "read_write")}
override strideX: u32 = 4;
override width: u32 = 4;  // voxels of a block along each axis
${functions}${isLinear ? "" : SPLINE_OF}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let g = p.geometry;
  let inRow = g.controlPoints.x - ${points - 1};  // cells of a row
  let item = id.x + id.y * p.invocations;
  let groups = (width + ${rows.length - 1}) / ${rows.length};  // groups of rows of a block
  let line = item / (p.blocks.y * groups);
  let z = p.first + line / inRow;
  if (z >= p.end) { return; }
  let cellX = line % inRow;
  let group = item - line * p.blocks.y * groups;
  let blockY = group / groups;
  let firstY = blockY * width + ${rows.length} * (group - blockY * groups);
  let countY = min(min(firstY + ${rows.length}, (blockY + 1) * width), g.image.y) - firstY;
  if (firstY >= g.image.y) { return; }
  let firstRow = (z - g.firstPlane) * g.image.y + firstY;
  let first = cellX * strideX;
  let end = min(first + strideX, g.image.x);
  ${
      rows.map((row) =>
        `let column${row} = (firstRow + min(${row}u, countY - 1)) * g.controlPoints.x + cellX;
  ${ofCell.map((j) => `let u${row}_${j} = columns[column${row} + ${j}].xyz;`).join(" ")}
  ${ofCell.map((j) => `var total${row}_${j} = vec3f(0);`).join(" ")}`
      ).join("\n  ")
    }
  ${cornerSteps(words)}
  let j = firstY - blockY * width;
  let k = z % width;
  let firstSampled = ${firstSampledRow(sampled)};
  let blocksOfRow = (z / width - p.boundBlock) * ${items} * p.area + blockY * p.blocks.x;
  for (var block = first / width; block * width < end; block++) {
  ${
      Array.from({ length: items }, (_, i) => i)
        .map((i) => `let slopes${i} = slopes[blocksOfRow + ${i} * p.area + block];`).join("\n  ")
    }
  let endX = min(end, (block + 1) * width);
  for (var i = firstSampled; i < countY; i += ${SAMPLED_ROWS[sampled].step}) {
  let y = firstY + i;
  ${ofCell.map((j) => `let u${j} = ${ofRow((row) => `u${row}_${j}`)};`).join("\n  ")}
  ${begin}
  for (var x = max(first, block * width); x < endX; x++) {
  let t = f32(x - first) / f32(strideX);  // the position in the control grid's cell
  let u = ${isLinear ? "mix(u0, u1, t)" : "splineOf(u0, u1, u2, u3, t)"};
  ${corners({ voxel: "vec3f(vec3u(x, y, z))", words, windowed })}
  let fixedAt = ((firstRow + i) * g.pitch + x) * ${words};
  ${loadWords(words)}
  ${CORNERS.map((c) => `var g${c} = 0.0;`).join("\n  ")}
${all.map(channel).join("")}
  ${CORNER_SLOPES}
  let v = select(vec3f(0), vec3f(dx, dy, dz) * p.voxelsPerMm, vec3<bool>(counts) & (raw == position));
  ${add}
  }
  ${
      rows.map((row) =>
        ofCell.map((j) => `total${row}_${j} += select(vec3f(0), ${sums[j]}, i == ${row});`).join(
          " ",
        )
      ).join("\n  ")
    }
  }
  }
  ${
      rows.map((row) =>
        `if (${row}u < countY) {
  let cellAt = (firstRow + ${row}) * inRow + cellX;
  ${storeCells({ sums: ofCell.map((j) => `total${row}_${j}`), at: "cellAt", windowed })}
  }`
      ).join("\n  ")
    }
}`,
  };
}
