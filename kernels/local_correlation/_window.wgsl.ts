import type { WindowAxis } from "./window.ts";

/** The whole numbers from `begin` to `end - 1`. */
export const range = (begin: number, end: number): number[] =>
  Array.from({ length: Math.max(end - begin, 0) }, (_, i) => begin + i);
/** Lines of WGSL. */
export const lines = (text: string[]): string => text.join("\n  ");

/** A uniform block of these fields and, in `weights`, the weights of a window, to be read at constant indices. */
export function windowParameters(fields: string, weights: number): string {
  return /* wgsl */ `
struct Parameters {
  ${fields.trim()}
  weights: array<vec4f, ${
    Math.ceil(weights / 4)
  }>,  // from the centre outwards, or of every row that is read
}
@group(0) @binding(0) var<uniform> parameters: Parameters;
override wx: u32 = 64;
override wy: u32 = 1;
`;
}

/** The weight of a voxel `distance` voxels from a centre; undefined beyond the window. */
export function weight(axis: WindowAxis, distance: number): string | undefined {
  const k = Math.abs(distance);
  return k < axis.weights.length ? `p.weights[${k >> 2}].${"xyzw"[k % 4]}` : undefined;
}

/** The weights of the four voxels from `first` on for a centre at `centre`; undefined when all are 0. */
export function quadWeights(axis: WindowAxis, first: number, centre: number): string | undefined {
  const four = range(0, 4).map((lane) => weight(axis, first + lane - centre));
  return four.some((w) => w !== undefined)
    ? `vec4f(${four.map((w) => w ?? "0").join(", ")})`
    : undefined;
}

/** The part of a kernel's label that names its window. */
export const windowName = ({ weights, stride }: WindowAxis) =>
  `radius ${weights.length - 1}, step ${stride}`;

/** The fields of a kernel on a slab of both images. */
export const IMAGES = /* wgsl */ `
  ny: u32,            // rows per plane
  planes: u32,        // planes of the slab
  quads: u32,         // quads of voxels per row
  centres: u32,       // window centres along x
  movingScale: f32,   // 1 / (largest value of the warped image)
`;

/** The fields of a kernel along one axis of arrays [outer][length][inner]. */
export const AXIS = /* wgsl */ `
  inner: u32,       // elements before the axis, which varies slower
  length: u32,      // voxels along the axis that are bound
  outer: u32,       // elements after the axis
  centres: u32,     // window centres along the axis
  begin: u32,       // first voxel along the axis that is bound
  accumulate: u32,  // whether to add to the sums of earlier slabs
`;

/**
 * The field `weights` of a uniform block: the window's weights from the centre outwards, padded to whole
 * vectors.
 */
export function centredWeights({ weights }: WindowAxis): number[] {
  return [...weights, 0, 0, 0].slice(0, 4 * Math.ceil(weights.length / 4));
}
