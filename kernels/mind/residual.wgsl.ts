import { cellSums, pointsOfCell } from "../control_grid/adjoint.wgsl.ts";
import {
  CONTROL_GRID_GEOMETRY,
  type ControlGridInterpolation,
} from "../control_grid/control_grid.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import {
  cellColumns,
  CORNER_SLOPES,
  CORNERS,
  corners,
  cornerSteps,
  entryOf,
  PULL_BUFFERS,
  PULL_FIELDS,
  SPLINE_OF,
  storeCells,
} from "./_corners.wgsl.ts";
import {
  type ChannelBits,
  channelsPerWord,
  descriptorWords,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
} from "./layout.ts";
import { SUM_OF_WORKGROUP } from "../sums/_sum_of_workgroup.wgsl.ts";

/**
 * The measure of the differences between channels: the squared mean of absolute values (eq. 6), or the
 * mean of squares.
 */
export type MindDifference = "absolute" | "squared";

/**
 * The sign of a difference d is replaced by clamp(STEEPNESS d, -1, 1), so that it does not depend on
 * rounding where d is 0.
 */
export const STEEPNESS = 2000;

/** Options of {@link mindResidual}. */
export interface MindResidualKernelOptions {
  /** The pairs of patches that a descriptor compares. */
  readonly neighbourhood: MindNeighbourhood;
  /** The measure of the differences between channels. */
  readonly difference: MindDifference;
  /** Bits per channel. */
  readonly bits: ChannelBits;
  /** The interpolation of the control grid. */
  readonly interpolation: ControlGridInterpolation;
  /** True if voxels may lie in other windows of the moving descriptors. */
  readonly windowed: boolean;
}

/**
 * Compares the moving descriptors, pulled through a control grid, with the fixed ones. An invocation computes
 * the voxels of one cell of a row: the sum of E, the number of voxels that count, and the derivative with
 * respect to the displacement, summed at the control points of the cell (the adjoint along x). No voxel's
 * value is stored.
 *
 * Trilinear interpolation is linear in the corners: the derivative needs only one sum over channels per
 * corner, weighted with the derivative of E with respect to the channel.
 */
export function mindResidual(
  { neighbourhood, difference, bits, interpolation, windowed }: MindResidualKernelOptions,
): Kernel {
  const isLinear = interpolation === "linear";
  const points = pointsOfCell(interpolation);
  const { begin, buffers, add, sums, functions } = cellSums(interpolation);
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const words = descriptorWords(neighbourhood, bits);
  const channelsInWord = channelsPerWord(bits);
  const maxChannel = maxChannelValue(bits);
  const squared = difference === "squared";
  const word = (w: number) => {
    const inWord = Array.from({ length: channelsInWord }, (_, i) => i)
      .filter((i) => w * channelsInWord + i < channels);
    const entry = entryOf(bits);
    return `
  {
    let f = fixed[fixedAt + ${w}];
    ${CORNERS.map((c) => `let m${c} = moving[at${c} + ${w}];`).join("\n    ")}
    invalid |= f | ${CORNERS.map((c) => `m${c}`).join(" | ")};
${
      inWord.map((i) => `
    {
      ${CORNERS.map((c) => `let v${c} = ${entry(`m${c}`, i)};`).join("\n      ")}
      let d = ${CORNERS.map((c) => `w${c} * v${c}`).join(" + ")} - ${entry("f", i)};
      ${
        squared
          ? "sum += d * d; let s = d;"
          : `sum += abs(d); let s = clamp(d * ${STEEPNESS / maxChannel}, -1, 1);`
      }
      ${CORNERS.map((c) => `g${c} += s * v${c};`).join("\n      ")}
    }`).join("")
    }
  }`;
  };
  return {
    label: `MIND residual (${neighbourhood}, ${difference}, ${bits} bits${
      isLinear ? "" : ", cubic"
    }${windowed ? ", in windows" : ""})`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  ${PULL_FIELDS}
  first: u32,            // first plane of the slab that is computed
  end: u32,              // one past the last
  invocations: u32,      // invocations per row of workgroups
  accumulate: u32,       // whether to add to the sums of earlier windows
}
${PULL_BUFFERS}
${buffers(4, "read_write")}
override strideX: u32 = 4;
${functions}${isLinear ? "" : SPLINE_OF}
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let g = p.geometry;
  let inRow = g.controlPoints.x - ${points - 1};  // cells of a row
  let item = id.x + id.y * p.invocations + p.first * g.image.y * inRow;
  let row = item / inRow;
  let plane = row / g.image.y;
  if (plane >= p.end) { return; }
  let cellX = item - row * inRow;
  let first = cellX * strideX;
  let count = min(strideX, g.image.x - first);
  let column = row * g.controlPoints.x + cellX;
${cellColumns(points)}
  let y = f32(row - plane * g.image.y);
  let z = f32(g.firstPlane + plane);
  ${cornerSteps(words)}
  ${begin}
  var energy = 0.0;
  var voxels = 0.0;
  for (var i = 0u; i < count; i++) {
  let t = f32(i) / f32(strideX);  // the position in the control grid's cell
  let u = ${isLinear ? "mix(u0, u1, t)" : "splineOf(u0, u1, u2, u3, t)"};
  ${corners({ voxel: "vec3f(f32(first + i), y, z)", words, windowed })}
  let fixedAt = (row * g.pitch + first + i) * ${words};
  ${CORNERS.map((c) => `var g${c} = 0.0;`).join("\n  ")}
  var sum = 0.0;
  var invalid = 0u;
${Array.from({ length: words }, (_, w) => word(w)).join("")}
  // The two bits above the channels are set in no descriptor that counts.
  let counts = invalid <= ${2 ** 30 - 1}u;
${
      squared
        ? `
  let value = sum * ${1 / (channels * maxChannel ** 2)};
  let slope = ${2 / (channels * maxChannel ** 2)};`
        : `
  let mean = sum * ${1 / (channels * maxChannel)};
  let value = mean * mean;
  let slope = 2 * mean * ${1 / (channels * maxChannel)};`
    }
  ${CORNER_SLOPES}
  let v = select(vec3f(0), vec3f(dx, dy, dz) * p.voxelsPerMm * slope, vec3<bool>(counts) & (raw == position));
  energy += select(0.0, value, counts);
  voxels += select(0.0, 1.0, counts);
  ${add}
  }
  ${storeCells({ sums, at: "item", fourth: ["energy", "voxels"], windowed })}
}`,
  };
}

/** Workgroups that sum the cells; each computes one partial sum. */
export const CELL_PARTS = 64;

/** Partial sums of E and of the numbers of voxels over the cells. */
export const SUM_CELLS: Kernel = {
  label: "MIND sum of cells",
  code: /* wgsl */ `
struct Parameters {
  cells: u32,      // number of cells
  firstPart: u32,  // index of the first partial sum
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> energies: array<vec4f>;
@group(0) @binding(2) var<storage, read> voxels: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> parts: array<vec2f>;
var<workgroup> partial: array<vec2f, 64>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u, @builtin(local_invocation_index) worker: u32,
  @builtin(workgroup_id) group: vec3u) {
  var sum = vec2f(0);
  for (var i = id.x; i < parameters.cells; i += ${64 * CELL_PARTS}) {
    sum += vec2f(energies[i].w, voxels[i].w);
  }
  partial[worker] = sum;
  ${SUM_OF_WORKGROUP}
  if (worker == 0) { parts[parameters.firstPart + group.x] = partial[0]; }
}`,
};

/** E as the mean over the voxels that count, and the gradient of the mean from the gradient of the sum. */
export const MEAN_ENERGY: Kernel = {
  label: "MIND mean and gradient",
  code: /* wgsl */ `
struct Parameters {
  parts: u32,          // partial sums
  controlPoints: u32,  // number of control points
  perSample: f32,      // voxels for each one that is compared
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> parts: array<vec2f>;
@group(0) @binding(2) var<storage, read_write> gradient: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> scalars: array<f32>;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  var sum = vec2f(0);
  for (var i = 0u; i < parameters.parts; i++) { sum += parts[i]; }
  let perVoxel = 1 / max(sum.y, 1);
  if (id.x < parameters.controlPoints) { gradient[id.x] *= perVoxel; }
  if (id.x == 0) {
    scalars[0] = sum.x * perVoxel;
    scalars[1] = sum.y * parameters.perSample;
  }
}`,
};
