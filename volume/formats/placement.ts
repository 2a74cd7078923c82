/**
 * The voxel-to-world matrix of image files that state directions and an origin in one of the usual axes.
 *
 * @module
 */

import type { Matrix4, Triple } from "../affine.ts";
import { checkMatrix, checkVoxelSizes, noVoxelSize } from "../header_geometry.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";

/** The statements of a header about the geometry. */
export interface Placement {
  /** Length of each axis. */
  readonly dimensions: readonly number[];
  /** For each voxel axis, the step to the next voxel in mm. */
  readonly steps: readonly Triple[];
  /** Position of the first voxel, mm. */
  readonly origin: Triple;
  /** The factors that turn the world axes of the file into RAS: -1, -1, 1 for LPS. */
  readonly signs: Triple;
  /** The part of the header that states the matrix, for messages. */
  readonly field: string;
  /** The statements that the header lacks, each as the object of "its header has"; none if it has a position. */
  readonly missing?: readonly string[] | undefined;
  /** The voxel size that the header lacks, as the object of "its header has"; undefined if it has all of them. */
  readonly missingSize?: string | undefined;
}

/** The names of the world axes, for the factors -1 and 1. */
const AXES = [["left", "right"], ["posterior", "anterior"], ["inferior", "superior"]] as const;

const LIST = new Intl.ListFormat("en-GB");

/** The factors that turn left, posterior and superior into RAS. */
export const LPS_SIGNS: Triple = [-1, -1, 1];

/**
 * The voxel-to-RAS matrix in mm.
 *
 * @param name - The file's name, for messages.
 * @throws {ImageGeometryError} when the matrix is not finite, singular or sheared, or voxels are larger than 50 mm or
 * smaller than 0.01 mm.
 */
export function placementMatrix(
  placement: Placement,
  name: string,
  { onNotice = printNotice }: ReadOptions,
): Matrix4 {
  const { dimensions, steps, origin, signs, field } = placement;
  const row = (axis: 0 | 1 | 2) =>
    [steps[0][axis], steps[1][axis], steps[2][axis], origin[axis]]
      .map((value) => signs[axis] * value + 0);
  const matrix = [...row(0), ...row(1), ...row(2), 0, 0, 0, 1];
  checkMatrix(matrix, name, `Repair its ${field}.`);
  checkVoxelSizes(matrix, dimensions, name);
  const notice = incomplete(placement);
  if (notice !== undefined) onNotice(`${name} ${notice}`);
  return matrix;
}

/** The notice about a header without all voxel sizes, directions and origin, after the file's name. */
function incomplete({ signs, missing = [], missingSize }: Placement): string | undefined {
  const hasSize = missingSize === undefined;
  if (missing.length === 0) return hasSize ? undefined : `has ${noVoxelSize(missingSize)}`;
  const [x, y, z] = AXES.map((names, axis) => names[signs[axis] < 0 ? 0 : 1]);
  const position =
    `an incomplete position: its header has ${LIST.format(missing)}. What it states ` +
    `is taken as ${x}, ${y} and ${z}. Missing directions are those of the voxel axes, and a missing origin is 0, as ` +
    "ITK takes them. If the image has a position, write all of it into the header.";
  return hasSize ? `has ${position}` : `has ${noVoxelSize(missingSize)} It also has ${position}`;
}
