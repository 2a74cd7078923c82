import { CELL_DISTANCES } from "../control_grid/control_grid.wgsl.ts";
import { type ChannelBits, maxChannelValue } from "./layout.ts";

/** The voxels around a position, in the order of the WGSL names `at0` to `at7` and `w0` to `w7`. */
export const CORNERS: readonly number[] = [0, 1, 2, 3, 4, 5, 6, 7];

/** The fields of a uniform block, after the geometry, of a kernel that pulls descriptors through a control grid. */
export const PULL_FIELDS = /* wgsl */ `voxelsPerMm: vec3f,
  windowBegin: u32,      // first plane of the moving descriptors that is bound
  origin: vec3f,         // position of the dense image's voxel (0, 0, 0) in the moving image, voxels
  windowEnd: u32,        // cells that begin before this plane are interpolated here
  movingSize: vec3u,     // voxels of the moving image
  movingPitch: u32,      // voxels from one row of the moving image to the next`;

/** WGSL: an entry of a descriptor, from the word `value` in which it is the channel `i`. */
export function entryOf(bits: ChannelBits): (value: string, i: number) => string {
  return (value, i) => `f32(i32((${value} >> ${bits * i}u) & ${maxChannelValue(bits)}u))`;
}

/** WGSL before the loops over voxels: the words from one corner to the next. */
export function cornerSteps(words: number): string {
  return `let last = vec3f(p.movingSize - 1);
  let nextX = min(p.movingSize.x - 1, 1) * ${words};
  let nextY = p.movingPitch * min(p.movingSize.y - 1, 1) * ${words};
  let nextZ = p.movingPitch * p.movingSize.y * min(p.movingSize.z - 1, 1) * ${words};`;
}

/** Options of {@link corners}. */
export interface CornersOptions {
  /** WGSL of the voxel's position in the dense image, vec3f. */
  readonly voxel: string;
  /** Words per voxel. */
  readonly words: number;
  /** True if voxels may lie in other windows of the moving descriptors: the loop skips them. */
  readonly windowed: boolean;
}

/** WGSL in a loop over voxels with the displacements `u`: the corners of the position and their weights. */
export function corners({ voxel, words, windowed }: CornersOptions): string {
  return `let raw = ${voxel} + p.origin + u * p.voxelsPerMm;
  let position = clamp(raw, vec3f(0), last);
  let cell = vec3u(min(floor(position), max(last - 1, vec3f(0))));
${windowed ? "  if (cell.z < p.windowBegin || cell.z >= p.windowEnd) { continue; }" : ""}
  let r = position - vec3f(cell);
  let at0 = (((cell.z - p.windowBegin) * p.movingSize.y + cell.y) * p.movingPitch + cell.x) * ${words};
  let at1 = at0 + nextX;
  let at2 = at0 + nextY;
  let at3 = at1 + nextY;
  let at4 = at0 + nextZ;
  let at5 = at1 + nextZ;
  let at6 = at2 + nextZ;
  let at7 = at3 + nextZ;
  let s = 1 - r;
  let w0 = s.x * s.y * s.z;
  let w1 = r.x * s.y * s.z;
  let w2 = s.x * r.y * s.z;
  let w3 = r.x * r.y * s.z;
  let w4 = s.x * s.y * r.z;
  let w5 = r.x * s.y * r.z;
  let w6 = s.x * r.y * r.z;
  let w7 = r.x * r.y * r.z;`;
}

/** WGSL: the derivatives by the position of the sum of all corners' weights times `g0` to `g7`. */
export const CORNER_SLOPES = /* wgsl */
  `let dx = s.z * (s.y * (g1 - g0) + r.y * (g3 - g2)) + r.z * (s.y * (g5 - g4) + r.y * (g7 - g6));
  let dy = s.z * (s.x * (g2 - g0) + r.x * (g3 - g1)) + r.z * (s.x * (g6 - g4) + r.x * (g7 - g5));
  let dz = s.y * (s.x * (g4 - g0) + r.x * (g5 - g1)) + r.y * (s.x * (g6 - g2) + r.x * (g7 - g3));`;

/** WGSL: a vector between the four control points of a spline's cell. */
export const SPLINE_OF = /* wgsl */ `
fn splineOf(a: vec3f, b: vec3f, c: vec3f, d: vec3f, t: f32) -> vec3f {
  let w = cubicBSpline(t + ${CELL_DISTANCES});
  return w.x * a + w.y * b + w.z * c + w.w * d;
}
`;

/** WGSL: the buffers that a kernel with {@link PULL_FIELDS} reads. */
export const PULL_BUFFERS = /* wgsl */ `@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> columns: array<vec4f>;
@group(0) @binding(2) var<storage, read> fixed: array<u32>;
@group(0) @binding(3) var<storage, read> moving: array<u32>;`;

/** WGSL: the displacements `u0` and so on at the control points of the cell that begins at `column`. */
export function cellColumns(points: number): string {
  const all = Array.from({ length: points }, (_, j) => j);
  return all.map((j) => `  let u${j} = columns[column + ${j}].xyz;`).join("\n");
}

/** Options of {@link storeCells}. */
export interface StoreCellsOptions {
  /** The sums of a cell, vec3f, one per control point. */
  readonly sums: readonly string[];
  /** WGSL of the index of the cell. */
  readonly at: string;
  /** The fourth components of the first sums. Default 0. */
  readonly fourth?: readonly string[] | undefined;
  /** True if the sums of earlier windows are there. */
  readonly windowed: boolean;
}

/** WGSL after the loops: stores the sums of a cell, or adds them to those of earlier windows. */
export function storeCells({ sums, at, fourth = [], windowed }: StoreCellsOptions): string {
  // Not a branch: Mesa 22's software driver compiles a shader again for each value of a uniform in a condition.
  const add = sums.map((_, j) =>
    `cell${j} += select(vec4f(0), cells${j}[${at}], p.accumulate != 0);`
  ).join("\n  ");
  return `${sums.map((sum, j) => `var cell${j} = vec4f(${sum}, ${fourth[j] ?? "0"});`).join("\n  ")}
${windowed ? `  ${add}` : ""}
  ${sums.map((_, j) => `cells${j}[${at}] = cell${j};`).join("\n  ")}`;
}
