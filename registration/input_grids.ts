/**
 * The positions of masks and labels, which must fit the images.
 *
 * @module
 */

import { transformPoint } from "../volume/affine.ts";
import { type LabelledVoxels, labelledVoxels } from "../volume/labelled_voxels.ts";
import type { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";

/** The images of a registration with their masks and labels. */
export interface PlacedInputs {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image. */
  readonly moving: Volume;
  /** Labels on the grid of the fixed image. */
  readonly fixedLabels?: LabelVolume | undefined;
  /** Labels in the world of the moving image. */
  readonly movingLabels?: LabelVolume | undefined;
  /** A mask on the grid of the fixed image. */
  readonly fixedMask?: LabelVolume | undefined;
  /** A mask on the grid of the moving image. */
  readonly movingMask?: LabelVolume | undefined;
}

/** A mask or label image that does not fit its image. */
export interface PlacementProblem {
  /** The mask or label image. */
  readonly input: "fixedLabels" | "movingLabels" | "fixedMask" | "movingMask";
  /** The rest of a sentence that begins with its name. */
  readonly text: string;
  /** True if it must be refused; false if a warning is enough. */
  readonly isFatal: boolean;
}

/** The distance in mm up to which two grids are the same. */
const SAME_GRID = 0.01;

/** The share of the labelled voxels that must lie inside the image. */
const MIN_INSIDE = 0.5;

/** The masks and labels that do not fit their images: first those that must be refused. */
export function placementProblems(inputs: PlacedInputs): PlacementProblem[] {
  const { fixed, moving, movingLabels } = inputs;
  const problems: PlacementProblem[] = [];
  for (const input of ["fixedMask", "fixedLabels", "movingMask"] as const) {
    const given = inputs[input];
    const of = input === "movingMask" ? "moving" : "fixed";
    const { grid } = of === "moving" ? moving : fixed;
    if (given === undefined || given.grid.equals(grid, SAME_GRID)) continue;
    problems.push({ input, isFatal: true, text: otherGridText(given.grid, grid, of) });
  }
  const outside = movingLabels && labelsOutside(movingLabels, moving.grid, "moving image");
  if (outside !== undefined) problems.push({ input: "movingLabels", ...outside });
  return problems.sort((a, b) => Number(b.isFatal) - Number(a.isFatal));
}

/**
 * Labels that lie outside an image: a sentence without its subject; undefined if all lie inside.
 *
 * @param grid - The grid of the image.
 * @param whose - The image, for the message.
 */
export function labelsOutside(
  labels: LabelVolume,
  grid: Grid,
  whose: string,
): Pick<PlacementProblem, "text" | "isFatal"> | undefined {
  const counts: LabelledVoxels = labelledVoxels(labels, grid);
  const { labelled, inside } = counts;
  if (inside === labelled) return undefined;
  const isFatal = inside < MIN_INSIDE * labelled;
  const advice = isFatal
    ? `Its header probably lost the position: copy the header of the ${whose}, or resample the labels to its grid`
    : "The others are lost";
  return {
    isFatal,
    text:
      `does not fit: only ${inside} of ${labelled} labelled voxels lie inside the ${whose}. ${advice}.`,
  };
}

/** Points per axis at which {@link areApart} compares two boxes. */
const POINTS = 24;

/** Returns true if two images have no point in common, as far as points spread over each of them show. */
export function areApart(a: Grid, b: Grid): boolean {
  return !hasPointIn(a, b) && !hasPointIn(b, a);
}

/** Returns true if one of the points spread over a grid lies in the box of another. */
function hasPointIn(grid: Grid, box: Grid): boolean {
  const [nx, ny, nz] = grid.size.map((n) => Math.min(n, POINTS));
  const place = (i: number, n: number, axis: number) =>
    n === 1 ? 0 : i * (grid.size[axis] - 1) / (n - 1);
  const { inverse, size } = box;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const p = grid.world([place(x, nx, 0), place(y, ny, 1), place(z, nz, 2)]);
        const index = transformPoint(inverse, p);
        if (index.every((v, axis) => v >= -0.5 && v <= size[axis] - 0.5)) return true;
      }
    }
  }
  return false;
}

function otherGridText(own: Grid, grid: Grid, of: "fixed" | "moving"): string {
  const text = ({ size, spacing }: Grid) =>
    `${size.join(" x ")} voxels of ${
      spacing.map((mm) => Number(mm.toPrecision(4))).join(" x ")
    } mm`;
  const isSameSize = own.size.every((n, axis) => n === grid.size[axis]);
  const difference = isSameSize
    ? `it lies up to ${distance(own, grid).toFixed(2)} mm from there`
    : `it has ${text(own)}, and the ${of} image has ${text(grid)}`;
  return `must lie on the grid of the ${of} image, but ${difference}. Resample it to that grid, with nearest ` +
    "neighbour, or repair its header.";
}

/** The largest distance between the same corners of two grids of the same size, mm. */
function distance(a: Grid, b: Grid): number {
  let max = 0;
  for (let corner = 0; corner < 8; corner++) {
    const index = [0, 1, 2].map((axis) => corner >> axis & 1 ? a.size[axis] - 1 : 0);
    const [x, y, z] = index;
    const p = a.world([x, y, z]);
    const q = b.world([x, y, z]);
    max = Math.max(max, Math.hypot(p[0] - q[0], p[1] - q[1], p[2] - q[2]));
  }
  return max;
}
