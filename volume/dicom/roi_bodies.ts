/**
 * The bodies that the closed contours of regions of interest describe.
 *
 * @module
 */

import type { Triple } from "../affine.ts";
import { type ClosedContour, ContourSolid, ContourStack } from "../contours/contour_solid.ts";
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
  /** The direction in which the planes of its contours are stacked, RAS. */
  readonly normal: ContourStack["normal"];
  /** The distance of the planes, mm. */
  readonly step: number;
}

/** Options of {@link roiBodies}. */
export interface RoiBodiesOptions {
  /** The distance of samples in the planes of contours, mm. It becomes larger if the samples would be too many. */
  readonly pixel: number;
  /** The distance of planes in mm if no region has several. */
  readonly sliceDistance: number;
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
  { pixel, sliceDistance, onNotice }: RoiBodiesOptions,
): (RoiBody | undefined)[] {
  const stacks = rois.map((roi) => stackOf(roi, `${file}, ROI "${roi.name}"`, onNotice));
  const steps = stacks.flatMap((stack) => stack?.step ?? []).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? sliceDistance;
  const area = stacks.reduce((sum, stack) => sum + (stack?.area ?? 0), 0);
  const sampled = Math.max(pixel, Math.sqrt(area / MAX_SAMPLES));
  return stacks.map((stack, i): RoiBody | undefined => {
    if (stack === undefined) return undefined;
    const step = stack.step ?? usual;
    const solid = new ContourSolid({ stack, step, pixel: sampled });
    return { solid, contours: closedContours(rois[i]), normal: stack.normal, step };
  });
}

/**
 * Points of the closed contours of a region, moved to both ends of their slices: the body is between them.
 *
 * @param most - The maximum number of points of each contour.
 */
export function endPoints({ contours, normal, step }: RoiBody, most = Infinity): Triple[] {
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
      }. Remove the ROI from the structure set, or draw it in parallel planes.`,
      { cause },
    );
  }
  const missing = stack.gaps.reduce((sum, n) => sum + n, 0);
  if (missing > 0) {
    onNotice(
      `${name}: ${missing} planes between its contours have no contour; it is taken as ${
        stack.gaps.length + 1
      } separate parts. Draw or interpolate the missing contours if it is one.`,
    );
  }
  return stack;
}
