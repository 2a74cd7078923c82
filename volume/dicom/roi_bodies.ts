/**
 * The bodies that the closed contours of regions of interest describe.
 *
 * @module
 */

import { transformVector, type Triple } from "../affine.ts";
import { ContourParts } from "../contours/contour_parts.ts";
import { type ClosedContour, ContourSolid, ContourStack, GAP } from "../contours/contour_solid.ts";
import type { Grid } from "../grid.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import type { Contour, RegionOfInterest, StructureSet } from "./structure_set.ts";

/** The maximum number of samples of all bodies; each has two bytes. */
const MAX_SAMPLES = 2 ** 26;

/** The body of a region of interest. */
export interface RoiBody {
  /** The body. */
  readonly solid: ContourSolid;
  /** Its closed contours. */
  readonly contours: readonly ClosedContour[];
  /** These contours, sorted by their planes. */
  readonly stack: ContourStack;
  /** The distance of the planes, mm. */
  readonly step: number;
  /** Its separate parts. */
  readonly parts: ContourParts;
}

/** Options of {@link roiBodies}. */
export interface RoiBodiesOptions {
  /** The distance of samples in the planes of contours, mm. It becomes larger if the samples would be too many. */
  readonly pixel: number;
  /**
   * The slices on which the contours were drawn. Their distance is the thickness of regions of one plane. Default: the
   * usual distance of the planes of the other regions, or that of `others` if there is none.
   */
  readonly slices?: Grid | undefined;
  /** Slices that may be others. */
  readonly others: Grid;
  /** Is called with each warning: one line. */
  readonly onNotice: (notice: string) => void;
}

/** Returns true for contours that enclose an area. */
export function isArea({ kind }: Contour): boolean {
  return kind === "CLOSED_PLANAR" || kind === "CLOSEDPLANAR_XOR";
}

/**
 * The body of each region of interest, RAS mm; undefined for regions without closed contours.
 *
 * @throws {DicomSeriesError} when the contours of a region are not in parallel planes.
 */
export function roiBodies(
  { rois, file }: StructureSet,
  { pixel, slices, others, onNotice }: RoiBodiesOptions,
): (RoiBody | undefined)[] {
  const nameOf = (i: number) => `${file}, ROI "${rois[i].name}"`;
  const stacks = rois.map((roi, i) => stackOf(roi, nameOf(i), onNotice));
  // Two planes can be two lesions that are far apart, so that their distance is not that of slices.
  const steps = stacks.flatMap((stack) =>
    stack !== undefined && stack.planes.length > 2 ? stack.step! : []
  )
    .sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)];
  const area = stacks.reduce((sum, stack) => sum + (stack?.area ?? 0), 0);
  const sampled = Math.max(pixel, Math.sqrt(area / MAX_SAMPLES));
  return stacks.map((stack, i): RoiBody | undefined => {
    if (stack === undefined) return undefined;
    const known = slices === undefined ? usual : planeDistance(slices, stack.normal);
    const other = planeDistance(others, stack.normal);
    const step = stepOf(stack, known) ?? other;
    warnOfPlanes({ stack, step, known, other, name: nameOf(i), onNotice });
    const solid = new ContourSolid({ stack, step, pixel: sampled });
    const parts = new ContourParts(stack, step);
    if (parts.crossings > 0) {
      onNotice(
        `${
          nameOf(i)
        }: its contours cross each other in ${parts.crossings} planes. Places that two of them enclose are ` +
          "holes. Unite the contours if they are not.",
      );
    }
    return { solid, contours: closedContours(rois[i]), stack, step, parts };
  });
}

/** The distance of the planes of a region, where slices have the given distance; undefined if both are unknown. */
function stepOf({ planes, step }: ContourStack, known: number | undefined): number | undefined {
  if (step === undefined || known === undefined) return step ?? known;
  return planes.length === 2 && step > GAP * known ? known : step;
}

/** The distance in mm of the planes of a grid that are nearest to perpendicular to a unit vector, along it. */
function planeDistance({ inverse }: Grid, normal: Triple): number {
  return 1 / Math.max(...transformVector(inverse, normal).map(Math.abs));
}

/** What {@link warnOfPlanes} looks at. */
interface PlanesOfRoi {
  readonly stack: ContourStack;
  readonly step: number;
  readonly known: number | undefined;
  readonly other: number;
  readonly name: string;
  readonly onNotice: (notice: string) => void;
}

/** Warns of planes that are missing, or whose distance is a guess. */
function warnOfPlanes({ stack, step, known, other, name, onNotice }: PlanesOfRoi): void {
  const gaps = stack.gaps(step);
  const missing = gaps.reduce((sum, n) => sum + n, 0);
  if (missing > 0) {
    onNotice(
      `${name}: ${missing} planes between its contours have no contour; it is taken as ${
        gaps.length + 1
      } separate parts. Draw or interpolate the missing contours if it is one.`,
    );
  }
  const mm = (value: number) => `${Number(value.toFixed(2))} mm`;
  if (stack.step === undefined && known === undefined) {
    onNotice(
      `${name}: its contours lie in one plane, and the distance of the slices on which they were drawn is unknown. It ` +
        `is taken as ${mm(step)} thick.`,
    );
  } else if (step > GAP * (known ?? other)) {
    onNotice(
      `${name}: its planes are ${
        mm(step)
      } apart. The body is interpolated between them, and ends half of this distance ` +
        "beyond the last ones. Draw the contours in all slices if it is another one.",
    );
  }
}

/**
 * Points of the closed contours of a region, moved to both ends of their slices: the body is between them.
 *
 * @param most - The maximum number of points of each contour.
 */
export function endPoints(
  { contours, stack: { normal }, step }: RoiBody,
  most = Infinity,
): Triple[] {
  return contours.flatMap((contour) => {
    const every = Math.ceil(contour.length / most) || 1;
    const some = contour.filter((_, i) => i % every === 0);
    return [-0.5, 0.5].flatMap((side) =>
      some.map(([x, y, z]): Triple => [
        x + side * step * normal[0],
        y + side * step * normal[1],
        z + side * step * normal[2],
      ])
    );
  });
}

function closedContours({ contours }: RegionOfInterest): ClosedContour[] {
  return contours.filter((contour) => isArea(contour) && contour.points.length >= 3)
    .map(({ points }) => points);
}

/** The closed contours of a region by their planes; undefined if there are none. */
function stackOf(
  roi: RegionOfInterest,
  name: string,
  onNotice: (notice: string) => void,
): ContourStack | undefined {
  const closed = closedContours(roi);
  const small = roi.contours.filter(isArea).length - closed.length;
  if (small > 0) {
    onNotice(`${name}: ${small} closed contours have fewer than three points and are left out.`);
  }
  if (closed.length === 0) return undefined;
  let stack: ContourStack;
  try {
    stack = new ContourStack(closed);
  } catch (cause) {
    throw new DicomSeriesError(
      `${name}: ${
        (cause as Error).message
      }. Remove the ROI from the structure set, or draw areas in parallel planes.`,
      { cause },
    );
  }
  const { duplicates } = stack;
  if (duplicates > 0) {
    onNotice(`${name}: ${duplicates} contours equal another one of their plane and are left out.`);
  }
  return stack;
}
