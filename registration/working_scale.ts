/**
 * The scale at which small images are registered. Margins, spacings, levels and weights have defaults in mm for a
 * human body. An image of a mouse is registered as if it were larger by a power of ten, so that the defaults follow
 * its size: the same pair in a tenth of the size has the same result in a tenth of the size.
 *
 * @module
 */

import type { Matrix4 } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { DeformableResult } from "./deformable/deformable_options.ts";
import type { MindGaussNewtonResult } from "./mind_gauss_newton/mind_gauss_newton.ts";
import type { RegisterImagesOptions } from "./register.ts";
import type { RigidResult } from "./rigid/register_rigid.ts";
import type { RigidStart } from "./rigid/start.ts";
import { SIMILARITIES } from "./similarity/similarities.ts";
import type { ControlGrid } from "./transform.ts";

/** Images with a shorter diagonal, mm, are registered at a larger scale. */
const SMALL = 95;
/**
 * No image is enlarged to voxels above this size, mm. The coarsest level has voxels of about 10 mm, so two levels
 * remain. A small part of a human body at 1 mm keeps its scale and its levels.
 */
const LARGEST_VOXEL = 5;

/**
 * The power of ten by which the lengths of a registration are multiplied: 1 if the diagonal of the fixed image
 * measures at least 95 mm, or if its voxels would be larger than 5 mm.
 *
 * @example Usage
 * ```ts
 * import { workingScale } from "./working_scale.ts";
 * import { Grid } from "../volume/grid.ts";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(workingScale(Grid.axisAligned([200, 150, 300], [1.5, 1.5, 1.5])), 1);
 * assertEquals(workingScale(Grid.axisAligned([400, 400, 800], [0.06, 0.06, 0.06])), 10);
 * ```
 */
export function workingScale({ size, spacing }: Grid): number {
  const diagonal = Math.hypot(...size.map((n, axis) => n * spacing[axis]));
  const voxel = Math.min(...spacing);
  let scale = 1;
  while (scale * diagonal < SMALL && 10 * scale * voxel <= LARGEST_VOXEL) scale *= 10;
  return scale;
}

/** The names of the similarities' options that are lengths. */
const LENGTHS = Object.values(SIMILARITIES).flatMap(({ options }) =>
  Object.entries(options)
    .filter(([, option]) => option.type === "number" && option.unit === "mm")
    .map(([name]) => name)
);

/** The options of a registration in a world that is larger by `scale`; lengths that are given keep their meaning. */
export function toWorkingScale(
  options: RegisterImagesOptions,
  scale: number,
): RegisterImagesOptions {
  if (scale === 1) return options;
  const { fixed, moving, fixedMask, movingMask, rigid, deformable, mindGaussNewton } = options;
  return {
    ...options,
    fixed: scaledImage(fixed, scale),
    moving: scaledImage(moving, scale),
    fixedMask: fixedMask && scaledImage(fixedMask, scale),
    movingMask: movingMask && scaledImage(movingMask, scale),
    rigid: rigid && { ...rigid, start: rigid.start && scaledStart(rigid.start, scale) },
    deformable: deformable && scaledLengths(deformable, ["spacing", "resolution"], scale),
    mindGaussNewton: mindGaussNewton && scaledLengths(mindGaussNewton, ["resolution"], scale),
  };
}

/** The result of a rigid registration, in the world of the images. */
export function rigidFromScale(rigid: RigidResult, scale: number): RigidResult {
  if (scale === 1) return rigid;
  const back = 1 / scale;
  return {
    ...rigid,
    matrix: scaledMatrix(rigid.matrix, back),
    start: { ...rigid.start, matrix: scaledMatrix(rigid.start.matrix, back) },
    starts: rigid.starts.map((start) => ({ ...start, matrix: scaledMatrix(start.matrix, back) })),
  };
}

/** The result of the method "control-grid", in the world of the images. */
export function deformableFromScale(result: DeformableResult, scale: number): DeformableResult {
  if (scale === 1) return result;
  const { controlGrid, levels, parameters } = result;
  return {
    ...result,
    controlGrid: scaledControlGrid(controlGrid, 1 / scale),
    levels: levels.map((level) => ({
      ...level,
      voxel: divided(level.voxel, scale),
      spacing: divided(level.spacing, scale),
    })),
    parameters: scaledLengths(parameters, ["spacing", "resolution"], 1 / scale),
  };
}

/** The result of the method "mind-gauss-newton", in the world of the images. */
export function mindGaussNewtonFromScale(
  result: MindGaussNewtonResult,
  scale: number,
): MindGaussNewtonResult {
  if (scale === 1) return result;
  const { controlGrid, levels, inverseConsistency, parameters } = result;
  return {
    ...result,
    controlGrid: scaledControlGrid(controlGrid, 1 / scale),
    levels: levels.map((level) => ({ ...level, voxel: divided(level.voxel, scale) })),
    inverseConsistency: {
      mean: inverseConsistency.mean / scale,
      percentile95: inverseConsistency.percentile95 / scale,
    },
    parameters: scaledLengths(parameters, ["resolution"], 1 / scale),
  };
}

function divided<T extends readonly number[]>(lengths: T, scale: number): T {
  return lengths.map((length) => length / scale) as unknown as T;
}

/** The matrix between two worlds that are both larger by `scale`. */
function scaledMatrix(matrix: Matrix4, scale: number): Matrix4 {
  return matrix.map((value, i) => i % 4 === 3 && i < 12 ? value * scale : value);
}

/** The matrix from an index to a world that is larger by `scale`. */
function scaledAffine(affine: Matrix4, scale: number): Matrix4 {
  return affine.map((value, i) => i < 12 ? value * scale : value);
}

function scaledImage<T extends Volume | LabelVolume>(image: T, scale: number): T {
  const { size, affine } = image.grid;
  return { ...image, grid: new Grid(size, scaledAffine(affine, scale)) };
}

function scaledControlGrid(
  { size, affine, displacements }: ControlGrid,
  scale: number,
): ControlGrid {
  return {
    size,
    affine: scaledAffine(affine, scale),
    displacements: displacements.map((value) => value * scale),
  };
}

function scaledStart(start: RigidStart, scale: number): RigidStart {
  return typeof start === "string" ? start : scaledMatrix(start, scale);
}

/** The options or parameters, with those of these names and the lengths of the similarities multiplied. */
function scaledLengths<T extends object>(values: T, names: readonly string[], scale: number): T {
  const lengths = [...names, ...LENGTHS];
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      lengths.includes(name) ? scaledLength(value, scale) : value,
    ]),
  ) as T;
}

/** A length or the lengths along several axes multiplied; other values are not changed. */
function scaledLength(value: unknown, scale: number): unknown {
  if (Array.isArray(value)) return value.map((length) => length * scale);
  return typeof value === "number" ? value * scale : value;
}
