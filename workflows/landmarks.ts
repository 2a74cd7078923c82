/**
 * Corresponding landmarks of two images, and their distance before and after a registration.
 *
 * @module
 */

import { type PointFile, PointFileError } from "../points/point_file.ts";
import { mapPoint, type Transform } from "../registration/transform.ts";
import { invert, transformPoint, type Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";

/** A landmark that is known in both images. */
export interface Landmark {
  /** The name, or the number in the file from 1. */
  readonly name: string;
  /** Its position in the fixed image, RAS mm. */
  readonly fixed: Triple;
  /** Its position in the moving image, RAS mm. */
  readonly moving: Triple;
}

/** A target registration error (TRE), mm: the distance in the world of the moving image. */
export interface TargetError {
  /** The distance between the two positions, as the files place the images. */
  readonly before: number;
  /** The distance between the transformed fixed position and the moving position. */
  readonly after: number;
}

/** The target registration errors of landmarks. */
export interface TargetErrors {
  /** The unit of the errors. */
  readonly unit: "mm";
  /** The mean over all landmarks. */
  readonly mean: TargetError;
  /** The maximum over all landmarks. */
  readonly max: TargetError;
  /** Each landmark, in the order of the file of the fixed image. */
  readonly points: readonly (TargetError & { readonly name: string })[];
}

/**
 * The pairs of two files of landmarks: by name if each point of both files has a name of its own, otherwise by order.
 *
 * @param names - The names of the files, for messages.
 * @throws {PointFileError} when the numbers of points differ, or both have names that do not agree.
 */
export function pairLandmarks(
  fixed: PointFile,
  moving: PointFile,
  names: { readonly fixed: string; readonly moving: string },
): Landmark[] {
  const count = fixed.points.length;
  if (moving.points.length !== count) {
    throw new PointFileError(
      `${names.fixed} has ${count} points and ${names.moving} has ${moving.points.length}. Give the same landmarks in ` +
        "both files.",
    );
  }
  const order = fixed.points.map((_, i) => i);
  if (areNames(fixed) && areNames(moving)) {
    fixed.labels.forEach((label, i) => order[i] = moving.labels.indexOf(label));
    const missing = order.indexOf(-1);
    if (missing >= 0) {
      throw new PointFileError(
        `${names.moving} has no point "${
          fixed.labels[missing]
        }", which ${names.fixed} has. Give each landmark the ` +
          "same name in both files.",
      );
    }
  }
  return fixed.points.map((point, i) => ({
    name: fixed.labels[i] ?? String(i + 1),
    fixed: point,
    moving: moving.points[order[i]],
  }));
}

/** Returns true if each point has a name that no other has. */
function areNames({ labels }: PointFile): boolean {
  return labels.every((label) => label !== undefined) && new Set(labels).size === labels.length;
}

/**
 * The target registration errors of landmarks: |fixed - moving| before and |T(fixed) - moving| after a registration.
 *
 * @param landmarks - At least one.
 */
export function targetErrors(transform: Transform, landmarks: readonly Landmark[]): TargetErrors {
  const points = landmarks.map(({ name, fixed, moving }) => ({
    name,
    before: distance(fixed, moving),
    after: distance(mapPoint(transform, fixed), moving),
  }));
  const both = (of: (values: readonly number[]) => number): TargetError => ({
    before: of(points.map(({ before }) => before)),
    after: of(points.map(({ after }) => after)),
  });
  return {
    unit: "mm",
    mean: both((values) => values.reduce((sum, value) => sum + value, 0) / values.length),
    max: both((values) => values.reduce((max, value) => Math.max(max, value), 0)),
    points,
  };
}

/** Number of points that lie outside a grid by more than half a voxel. */
export function pointsOutside(points: readonly Triple[], grid: Grid): number {
  const toIndex = invert(grid.affine);
  return points.filter((point) =>
    transformPoint(toIndex, point).some((v, axis) => !(v >= -0.5 && v <= grid.size[axis] - 0.5))
  ).length;
}

function distance(a: Triple, b: Triple): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}
