import {
  CELL_DISTANCES,
  CONTROL_GRID_GEOMETRY,
  type ControlGridInterpolation,
  cubicBSpline,
} from "../control_grid/control_grid.wgsl.ts";
import type { Kernel } from "../gpu/gpu.ts";
import {
  type ChannelBits,
  channelsPerWord,
  descriptorWords,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
} from "./layout.ts";

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

const CORNERS = [0, 1, 2, 3, 4, 5, 6, 7];

/**
 * Compares the moving descriptors, pulled through a control grid, with the fixed ones: computes the
 * voxel's share of E (-1 where it does not count) and its derivative with respect to the displacement.
 *
 * Trilinear interpolation is linear in the corners: the derivative needs only maxChannel sum over channels per
 * corner, weighted with the derivative of E with respect to the channel.
 */
export function mindResidual(
  neighbourhood: MindNeighbourhood,
  difference: MindDifference,
  bits: ChannelBits,
  interpolation: ControlGridInterpolation,
): Kernel {
  const isLinear = interpolation === "linear";
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const words = descriptorWords(neighbourhood, bits);
  const channelsInWord = channelsPerWord(bits);
  const maxChannel = maxChannelValue(bits);
  const squared = difference === "squared";
  const word = (w: number) => {
    const inWord = Array.from({ length: channelsInWord }, (_, i) => i)
      .filter((i) => w * channelsInWord + i < channels);
    const entry = (value: string, i: number) =>
      `f32(i32((${value} >> ${bits * i}u) & ${maxChannel}u))`;
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
    })`,
    code: /* wgsl */ `
${CONTROL_GRID_GEOMETRY}
struct Parameters {
  geometry: Geometry,
  voxelsPerMm: vec3f,
  windowBegin: u32,      // first plane of the moving descriptors that is bound
  origin: vec3f,         // position of the dense image's voxel (0, 0, 0) in the moving image, voxels
  windowEnd: u32,        // cells that begin before this plane are interpolated here
  movingSize: vec3u,     // voxels of the moving image
  movingPitch: u32,      // voxels from maxChannel row of the moving image to the next
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> columns: array<vec4f>;
@group(0) @binding(2) var<storage, read> fixed: array<u32>;
@group(0) @binding(3) var<storage, read> moving: array<u32>;
@group(0) @binding(4) var<storage, read_write> energy: array<f32>;
@group(0) @binding(5) var<storage, read_write> gx: array<f32>;
@group(0) @binding(6) var<storage, read_write> gy: array<f32>;
@group(0) @binding(7) var<storage, read_write> gz: array<f32>;
override wx: u32 = 32;
override wy: u32 = 2;
override strideX: u32 = 4;
${isLinear ? "" : cubicBSpline("vec4f")}
@compute @workgroup_size(wx, wy)
fn main(@builtin(global_invocation_id) id: vec3u) {
  let p = parameters;
  let g = p.geometry;
  if (id.x >= g.pitch || id.y >= g.image.y || id.z >= g.planes) { return; }
  let row = id.z * g.image.y + id.y;
  // A row's padding may lie beyond the last control point.
${isLinear ? LINEAR_DISPLACEMENT : SPLINE_DISPLACEMENT}
  let last = vec3f(p.movingSize - 1);
  let raw = vec3f(f32(id.x), f32(id.y), f32(g.firstPlane + id.z)) + p.origin + u * p.voxelsPerMm;
  let position = clamp(raw, vec3f(0), last);
  let cell = vec3u(min(floor(position), max(last - 1, vec3f(0))));
  if (cell.z < p.windowBegin || cell.z >= p.windowEnd) { return; }
  let t = position - vec3f(cell);
  let nextX = min(p.movingSize.x - 1, 1) * ${words};
  let nextY = p.movingPitch * min(p.movingSize.y - 1, 1) * ${words};
  let nextZ = p.movingPitch * p.movingSize.y * min(p.movingSize.z - 1, 1) * ${words};
  let at0 = (((cell.z - p.windowBegin) * p.movingSize.y + cell.y) * p.movingPitch + cell.x) * ${words};
  let at1 = at0 + nextX;
  let at2 = at0 + nextY;
  let at3 = at1 + nextY;
  let at4 = at0 + nextZ;
  let at5 = at1 + nextZ;
  let at6 = at2 + nextZ;
  let at7 = at3 + nextZ;
  let s = 1 - t;
  let w0 = s.x * s.y * s.z;
  let w1 = t.x * s.y * s.z;
  let w2 = s.x * t.y * s.z;
  let w3 = t.x * t.y * s.z;
  let w4 = s.x * s.y * t.z;
  let w5 = t.x * s.y * t.z;
  let w6 = s.x * t.y * t.z;
  let w7 = t.x * t.y * t.z;
  let voxel = row * g.pitch + id.x;
  let fixedAt = voxel * ${words};
  ${CORNERS.map((c) => `var g${c} = 0.0;`).join("\n  ")}
  var sum = 0.0;
  var invalid = 0u;
${Array.from({ length: words }, (_, w) => word(w)).join("")}
  // The two bits above the channels are set in no descriptor that counts.
  let counts = invalid <= ${2 ** 30 - 1}u && id.x < g.image.x;
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
  let dx = s.z * (s.y * (g1 - g0) + t.y * (g3 - g2)) + t.z * (s.y * (g5 - g4) + t.y * (g7 - g6));
  let dy = s.z * (s.x * (g2 - g0) + t.x * (g3 - g1)) + t.z * (s.x * (g6 - g4) + t.x * (g7 - g5));
  let dz = s.y * (s.x * (g4 - g0) + t.x * (g5 - g1)) + t.y * (s.x * (g6 - g2) + t.x * (g7 - g3));
  let slopes = select(vec3f(0), vec3f(dx, dy, dz) * p.voxelsPerMm * slope, vec3<bool>(counts) & (raw == position));
  energy[voxel] = select(-1.0, value, counts);
  gx[voxel] = slopes.x;
  gy[voxel] = slopes.y;
  gz[voxel] = slopes.z;
}`,
  };
}

/** WGSL that interpolates the displacement u, mm, of a voxel between the columns of its cell. */
const LINEAR_DISPLACEMENT = `  let column = min(id.x / strideX, g.controlPoints.x - 2);
  let u = mix(
    columns[row * g.controlPoints.x + column].xyz,
    columns[row * g.controlPoints.x + column + 1].xyz,
    f32(id.x - column * strideX) / f32(strideX),
  );`;

const SPLINE_DISPLACEMENT = `  let column = min(id.x / strideX, g.controlPoints.x - 4);
  let along = cubicBSpline(f32(id.x - column * strideX) / f32(strideX) + ${CELL_DISTANCES});
  let first = row * g.controlPoints.x + column;
  let u = along.x * columns[first].xyz + along.y * columns[first + 1].xyz +
    along.z * columns[first + 2].xyz + along.w * columns[first + 3].xyz;`;

/** E as the mean over the voxels that count, and the gradient of the mean from the gradient of the sum. */
export const MEAN_ENERGY: Kernel = {
  label: "MIND mean and gradient",
  code: /* wgsl */ `
struct Parameters {
  parts: u32,          // partial sums
  controlPoints: u32,  // number of control points
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
    scalars[1] = sum.y;
  }
}`,
};
