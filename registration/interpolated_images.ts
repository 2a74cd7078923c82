/**
 * Images that were interpolated to smaller voxels than they were measured with, and the working voxels of a deformable
 * registration that follow.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../volume/affine.ts";
import { effectiveSpacing } from "../volume/effective_spacing.ts";
import type { Grid } from "../volume/grid.ts";
import { nearestAxes } from "../volume/orientation.ts";
import type { Volume } from "../volume/volume.ts";
import { MIN_VOXELS } from "./resolution_levels.ts";

/** The working voxels that follow from interpolated images. */
export interface MeasuredVoxels {
  /** The smallest working voxels along the axes of the fixed image, mm; 0 along axes that do not change. */
  readonly voxels: Triple;
  /** A sentence for each interpolated axis. */
  readonly notices: readonly string[];
}

/** Options of {@link findMeasuredVoxels}. */
export interface MeasuredVoxelsOptions {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image. */
  readonly moving: Volume;
  /** Fixed RAS mm to moving RAS mm. */
  readonly rigid: Matrix4;
  /** The factor by which the lengths of the images were multiplied; the notices are without it. */
  readonly scale: number;
}

/**
 * From this factor of interpolation on, the working voxels become as large as the measured ones. An image that was
 * interpolated by a smaller factor registers at least as well as the measured one (docs/validation.md).
 */
const MIN_FACTOR = 3.8;
/** Working voxels do not become larger than this, mm: larger ones were not tried with images that have such slices. */
const LARGEST_VOXEL = 6;
/** Axes of both images are the same up to this angle, as its cosine: 5 degrees. */
const SAME_AXIS = Math.cos(5 * Math.PI / 180);

/** The axes of the world in words. */
const WORDS = ["from left to right", "from back to front", "from feet to head"] as const;

/** An axis along which an image was interpolated. */
interface Interpolated {
  /** What is wrong, in one sentence. */
  readonly finding: string;
  /** The axis of the fixed image that is parallel to it. Default: none is. */
  readonly axis?: number | undefined;
}

/** The working voxels along the axes along which the images were interpolated; undefined if there is nothing to say. */
export function findMeasuredVoxels(
  { fixed, moving, rigid, scale }: MeasuredVoxelsOptions,
): MeasuredVoxels | undefined {
  const wanted: [number, number, number] = [0, 0, 0];
  const found: Interpolated[] = [];
  const toMoving = multiply(rigid, fixed.grid.affine);
  const inMillimetres = (mm: number, digits = 2) => Number((mm / scale).toPrecision(digits));
  for (const [name, { grid, data }] of [["fixed", fixed], ["moving", moving]] as const) {
    const measured = effectiveSpacing({ grid, data });
    for (let axis = 0; axis < 3; axis++) {
      const voxel = grid.spacing[axis];
      if (measured[axis] < MIN_FACTOR * voxel) continue;
      const ofFixed = name === "fixed"
        ? axis
        : [0, 1, 2].find((a) => Math.abs(cosine(toMoving, a, grid.affine, axis)) >= SAME_AXIS);
      const working = Math.min(measured[axis], Math.max(LARGEST_VOXEL, voxel));
      if (ofFixed !== undefined) wanted[ofFixed] = Math.max(wanted[ofFixed], working);
      const finding = `The ${name} image has voxels of ${inMillimetres(voxel, 3)} mm ${
        wordsOf(grid, axis)
      }, but was interpolated from about ${inMillimetres(measured[axis])} mm.`;
      found.push({ finding, axis: ofFixed });
    }
  }
  // Both images may be interpolated along an axis, and the fixed image may have larger voxels or few of them.
  const voxels = wanted.map((mm, axis) => {
    const spacing = fixed.grid.spacing[axis];
    const working = Math.min(mm, (fixed.grid.size[axis] - 1) * spacing / (MIN_VOXELS - 1));
    return working > spacing ? working : 0;
  }) as unknown as Triple;
  const notices = found.flatMap(({ finding, axis }) => {
    if (axis === undefined) {
      return `${finding} No axis of the fixed image is parallel to it, so the working voxels do not change. ` +
        "--resolution (resolution) sets them.";
    }
    if (voxels[axis] === 0) return [];
    return `${finding} The working voxels of the deformable registration have ${
      inMillimetres(voxels[axis])
    } mm along this axis. --keep-interpolated (keepInterpolated) or a --resolution (resolution) changes this.`;
  });
  return notices.length === 0 ? undefined : { voxels, notices };
}

/** The cosine of the angle between an axis of one matrix and an axis of another one. */
function cosine(m: Matrix4, a: number, n: Matrix4, b: number): number {
  const u = [m[a], m[4 + a], m[8 + a]];
  const v = [n[b], n[4 + b], n[8 + b]];
  const dot = u.reduce((sum, value, i) => sum + value * v[i], 0);
  return dot / (Math.hypot(...u) * Math.hypot(...v));
}

/** The axis of a grid in words. */
function wordsOf(grid: Grid, axis: number): string {
  return WORDS[nearestAxes(grid).findIndex((step) => step.axis === axis)];
}
