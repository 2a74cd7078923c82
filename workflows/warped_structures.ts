/**
 * Regions of interest of an RT Structure Set through a transform, as contours on the slices of another image.
 *
 * @module
 */

import type { PointTransform } from "../registration/point_transform.ts";
import { determinant3, transformPoint, type Triple } from "../volume/affine.ts";
import type { ContourSolid } from "../volume/contours/contour_solid.ts";
import { withKeyholes } from "../volume/contours/keyholes.ts";
import {
  type LatticePoint,
  type LatticeRing,
  levelRings,
  signedArea,
} from "../volume/contours/level_rings.ts";
import { simplifiedRing } from "../volume/contours/simplified_ring.ts";
import type { FixedContour } from "../volume/dicom/derived_structure_set.ts";
import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { endPoints, isArea, roiBodies } from "../volume/dicom/roi_bodies.ts";
import type { SeriesTemplate } from "../volume/dicom/series_template.ts";
import type { Contour, RegionOfInterest, StructureSet } from "../volume/dicom/structure_set.ts";
import { Grid } from "../volume/grid.ts";
import { pointsOutside } from "./landmarks.ts";
import { StructureLosses } from "./structure_losses.ts";

/** The maximum distance of the points of a slice at which bodies are sampled, mm. */
const MAX_PIXEL = 1;
/** The distance in mm by which contours may leave out points. */
const SIMPLIFICATION = 0.02;
/** Halvings of the interval in which a contour crosses a line of the lattice. */
const HALVINGS = 6;
/** The number of points of a contour that show where it will be. */
const PROBES = 64;
/** The margin around these points, mm. */
const MARGIN = 5;
/** The number of points of the lattice by which the box around a body grows. */
const GROWTH = 16;
/** The smallest area of a contour, in points of the lattice. */
const MIN_AREA = 0.05;

/** Options of {@link warpStructures}. */
export interface WarpStructuresOptions {
  /** The structure set, drawn on the image that the map leads to. */
  readonly structures: StructureSet;
  /** The map from the image of the result to the image of the structure set, and back. */
  readonly map: PointTransform;
  /** The slices of the result. */
  readonly like: SeriesTemplate;
  /** The slices on which the contours were drawn, for regions of one slice. Default: unknown. */
  readonly drawnOn?: Grid | undefined;
  /** Is called with each warning: one line. */
  readonly onNotice: (notice: string) => void;
}

/** The result of {@link warpStructures}. */
export interface WarpedStructures {
  /** The contours of each region of interest, in the order of the structure set. */
  readonly contours: readonly (readonly FixedContour[])[];
}

/** A region with its body. */
interface Body {
  readonly solid: ContourSolid;
  /** The part of the lattice in which it is: the first and the last index along x, y and z. */
  readonly low: readonly number[];
  readonly high: readonly number[];
}

/**
 * The contours of regions of interest in another image. The closed contours of a region become a body, whose surface is
 * interpolated between their planes ({@link ContourSolid}). The map leads each point of a fine lattice in each slice to
 * that body, and the border of the points inside is the new contour, to about a hundredth of a millimetre. The contours
 * are thus planar in the slices, which contours that are moved point by point would not be. Parts that are thinner than
 * the distance of the lattice's points, at most 1 mm, can be lost; notices name them, and volumes that the transform
 * does not explain. Holes are joined to the contours around them by channels (keyholes). POINT contours and open ones
 * are moved point by point; an open planar contour becomes an open non-planar one.
 *
 * @throws {DicomSeriesError} when the contours of a region are not in parallel planes, there are none, or none is left
 * in the slices.
 */
export function warpStructures(options: WarpStructuresOptions): WarpedStructures {
  const { structures, map, like, onNotice } = options;
  const lattice = latticeOf(like);
  const { rois } = structures;
  if (rois.every((roi) => roi.contours.length === 0)) {
    throw new DicomSeriesError(
      `${structures.file}: its ROIs have no contours. Draw them, or export the structure set again.`,
    );
  }
  const found = roiBodies(structures, {
    pixel: lattice.pixel / 2,
    slices: options.drawnOn,
    others: lattice.slices,
    onNotice,
  });
  const back = (point: Triple): Triple => map.inverse(point).point;
  let seen = 0;
  let outside = 0;
  const bodies = rois.map((roi, i): Body | undefined => {
    const body = found[i];
    const loose = looseOf(roi).flatMap(({ points }) => points);
    const probes = body === undefined ? [] : endPoints(body, PROBES);
    const places = [...probes, ...loose].map(back);
    const missing = pointsOutside(places, lattice.slices);
    seen += places.length;
    outside += missing;
    if (missing > 0) {
      onNotice(
        `${structures.file}, ROI "${roi.name}": ${missing} of ${places.length} points on its border lie outside the ` +
          "slices of the result; that part is lost.",
      );
    }
    if (body === undefined) return undefined;
    return { solid: body.solid, ...boxOf(places.slice(0, probes.length), lattice) };
  });
  if (seen > 0 && outside === seen) {
    throw new DicomSeriesError(
      `${structures.file} has no contour inside the slices of the result. Check the direction (--inverse), and that ` +
        "the contours were drawn on the image of the transform.",
    );
  }
  const contours = rois.map((roi): FixedContour[] =>
    looseOf(roi).map((contour) => movedContour(contour, back, lattice))
  );
  const losses = found.map((body) => body && new StructureLosses(body, lattice.cell));
  // The first slices come from points of the contours. The body may go on in their neighbours.
  const pending = bodies.map((body) =>
    new Set(body === undefined ? [] : rangeOf(body.low[2], body.high[2]))
  );
  const done = pending.map(() => new Set<number>());
  for (let k = firstOf(pending); k >= 0; k = firstOf(pending)) {
    const positions = mappedPositions(lattice, map, k);
    bodies.forEach((body, i) => {
      if (!pending[i].delete(k)) return;
      done[i].add(k);
      const { rings, area, inside } = ringsIn(body!, lattice, positions);
      for (const ring of rings) {
        const points = ring.map((point) => lattice.patient(point, k));
        contours[i].push({ kind: "CLOSED_PLANAR", points, slice: k });
      }
      losses[i]!.add(area, inside);
      if (rings.length === 0) return;
      for (const next of [k - 1, k + 1]) {
        if (next >= 0 && next < like.positions.length && !done[i].has(next)) pending[i].add(next);
      }
    });
  }
  contours.forEach((list) => list.sort((a, b) => (a.slice ?? -1) - (b.slice ?? -1)));
  rois.forEach(({ name }, i) => {
    if (found[i] === undefined) return;
    const notices = contours[i].some(({ slice }) => slice !== undefined)
      ? losses[i]!.notices(back)
      : ["no contour of it is left in the slices."];
    for (const notice of notices) onNotice(`${structures.file}, ROI "${name}": ${notice}`);
  });
  if (contours.every(({ length }) => length === 0)) {
    throw new DicomSeriesError(
      `${structures.file}: no contour of any ROI is left in the slices of the result. Give a series with thinner slices, ` +
        "or one that contains the ROIs.",
    );
  }
  return { contours };
}

/** The first slice that is pending for a body; -1 if there is none. */
function firstOf(pending: readonly ReadonlySet<number>[]): number {
  const first = pending.flatMap((slices) => [...slices]).reduce(
    (min, k) => Math.min(min, k),
    Infinity,
  );
  return first === Infinity ? -1 : first;
}

/** The contours that are moved point by point. */
function looseOf({ contours }: RegionOfInterest): Contour[] {
  return contours.filter((contour) => !isArea(contour));
}

/** The lattice of points in all slices, which is as fine as the pixels or finer. */
interface Lattice {
  /** The distance of its points in a slice, mm. */
  readonly pixel: number;
  /** Its points along x and y, and the slices. */
  readonly size: Triple;
  /** The volume of a cell of the lattice between two slices, mm3. */
  readonly cell: number;
  /** The grid of the slices. */
  readonly slices: Grid;
  /** The index of a point of the lattice, from RAS mm. */
  readonly index: (point: Triple) => Triple;
  /** LPS mm of a point in a slice. */
  readonly patient: (point: LatticePoint, slice: number) => Triple;
}

function latticeOf({ size, affine, spacing, positions, orientation }: SeriesTemplate): Lattice {
  const parts = [0, 1].map((axis) => Math.ceil(spacing[axis] / MAX_PIXEL));
  const steps = [0, 1].map((axis) => spacing[axis] / parts[axis]);
  const [column, row] = orientation;
  const slices = new Grid(size, affine);
  const { inverse } = slices;
  return {
    pixel: Math.min(...steps),
    size: [(size[0] - 1) * parts[0] + 1, (size[1] - 1) * parts[1] + 1, size[2]],
    cell: Math.abs(determinant3(affine)) / (parts[0] * parts[1]),
    slices,
    index: (point) => {
      const [x, y, z] = transformPoint(inverse, point);
      return [x * parts[0], y * parts[1], z];
    },
    patient: ([x, y], slice) => {
      const at = (axis: number) =>
        positions[slice][axis] + x * steps[0] * column[axis] + y * steps[1] * row[axis];
      return [at(0), at(1), at(2)];
    },
  };
}

/** The part of the lattice around some points. */
function boxOf(points: readonly Triple[], lattice: Lattice): Pick<Body, "low" | "high"> {
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const point of points) {
    lattice.index(point).forEach((v, axis) => {
      low[axis] = Math.min(low[axis], v);
      high[axis] = Math.max(high[axis], v);
    });
  }
  const margins = [MARGIN / lattice.pixel, MARGIN / lattice.pixel, 1];
  return {
    low: low.map((v, axis) => Math.max(0, Math.floor(v - margins[axis]))),
    high: high.map((v, axis) => Math.min(lattice.size[axis] - 1, Math.ceil(v + margins[axis]))),
  };
}

/** The map at the points of a slice; each is computed when it is needed first. */
function mappedPositions(lattice: Lattice, map: PointTransform, slice: number) {
  const [nx, ny] = lattice.size;
  const known = new Float64Array(3 * nx * ny).fill(NaN);
  const exact = (point: LatticePoint): Triple => {
    const [x, y, z] = lattice.patient(point, slice);
    return map.forward([-x, -y, z]);
  };
  return {
    exact,
    at: (x: number, y: number): Float64Array => {
      const at = 3 * (y * nx + x);
      if (Number.isNaN(known[at])) known.set(exact([x, y]), at);
      return known.subarray(at, at + 3);
    },
  };
}

/** The contours of a body in a slice. */
interface SliceContours {
  /** The contours in points of the lattice, with keyholes. */
  readonly rings: readonly LatticeRing[];
  /** The area within them, in cells of the lattice. */
  readonly area: number;
  /** The points of the lattice next to them that are inside, as points of the body, RAS mm. */
  readonly inside: () => Triple[];
}

/** The contours of a body in a slice, in points of the lattice. */
function ringsIn(
  { solid, low, high }: Body,
  lattice: Lattice,
  positions: ReturnType<typeof mappedPositions>,
): SliceContours {
  const { size } = lattice;
  let [x0, y0, x1, y1] = [low[0], low[1], high[0], high[1]];
  const depths = () => {
    const values: number[] = [];
    for (let y = y0; y <= y1; y++) {
      for (let x = x0; x <= x1; x++) {
        const [px, py, pz] = positions.at(x, y);
        values.push(solid.depth(px, py, pz));
      }
    }
    return Float64Array.from(values);
  };
  const none = { rings: [], area: 0, inside: () => [] };
  if (x1 < x0 || y1 < y0) return none;
  let values = depths();
  const isInside = (x: number, y: number) => values[(y - y0) * (x1 - x0 + 1) + x - x0] > 0;
  const row = (y: number) => rangeOf(x0, x1).some((x) => isInside(x, y));
  const column = (x: number) => rangeOf(y0, y1).some((y) => isInside(x, y));
  // The box comes from some points of the contours: it grows if the body reaches its border.
  for (;;) {
    const grown = [
      x0 > 0 && column(x0) ? Math.max(0, x0 - GROWTH) : x0,
      y0 > 0 && row(y0) ? Math.max(0, y0 - GROWTH) : y0,
      x1 < size[0] - 1 && column(x1) ? Math.min(size[0] - 1, x1 + GROWTH) : x1,
      y1 < size[1] - 1 && row(y1) ? Math.min(size[1] - 1, y1 + GROWTH) : y1,
    ];
    if (grown.join() === [x0, y0, x1, y1].join()) break;
    [x0, y0, x1, y1] = grown;
    values = depths();
  }
  if (!values.some((depth) => depth > 0)) return none;
  const nx = x1 - x0 + 1;
  const ny = y1 - y0 + 1;
  const depthAt = ([x, y]: LatticePoint) => solid.depth(...positions.exact([x0 + x, y0 + y]));
  const crossing = (from: LatticePoint, to: LatticePoint, a: number, b: number) => {
    const isBeside = [from, to].some(([x, y]) => x < 0 || y < 0 || x >= nx || y >= ny);
    // The image ends here.
    return isBeside ? 0.5 : crossingOf(depthAt, from, to, a, b);
  };
  const rings = levelRings({ size: [nx, ny], values, crossing })
    .map((ring) => simplifiedRing(ring, SIMPLIFICATION / lattice.pixel))
    .filter((ring) => ring.length >= 3 && Math.abs(signedArea(ring)) > MIN_AREA);
  return {
    rings: withKeyholes(rings).map((ring) => ring.map(([x, y]): LatticePoint => [x + x0, y + y0])),
    area: rings.reduce((sum, ring) => sum + signedArea(ring), 0),
    // The points of a ring lie between two points of the lattice, of which one is inside.
    inside: () =>
      rings.flat().flatMap((
        [x, y],
      ) => [[Math.floor(x + x0), Math.floor(y + y0)], [Math.ceil(x + x0), Math.ceil(y + y0)]])
        .filter(([x, y]) => x >= x0 && y >= y0 && x <= x1 && y <= y1 && isInside(x, y))
        .map(([x, y]): Triple => {
          const [px, py, pz] = positions.at(x, y);
          return [px, py, pz];
        }),
  };
}

function rangeOf(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/** The place between two points at which the depth is 0, by halving the interval, and linearly at the end. */
function crossingOf(
  depthAt: (point: LatticePoint) => number,
  from: LatticePoint,
  to: LatticePoint,
  a: number,
  b: number,
): number {
  let [start, end] = [0, 1];
  let [atStart, atEnd] = [a, b];
  for (let k = 0; k < HALVINGS; k++) {
    const t = (start + end) / 2;
    const depth = depthAt([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
    if ((depth > 0) === (atStart > 0)) [start, atStart] = [t, depth];
    else [end, atEnd] = [t, depth];
  }
  return start + (end - start) * atStart / (atStart - atEnd);
}

/** A contour that is moved point by point, with more points if its edges are long. */
function movedContour(
  { kind, points }: Contour,
  back: (point: Triple) => Triple,
  lattice: Lattice,
): FixedContour {
  const isOpen = kind !== "POINT";
  const dense = isOpen ? withShortEdges(points, lattice.pixel) : points;
  return {
    kind: isOpen ? "OPEN_NONPLANAR" : "POINT",
    points: dense.map(back).map(([x, y, z]): Triple => [-x, -y, z]),
    slice: undefined,
  };
}

/** An open line whose edges are divided into parts that are not longer than `length`. */
function withShortEdges(points: readonly Triple[], length: number): Triple[] {
  return points.flatMap((point, i): Triple[] => {
    const next = points[i + 1];
    if (next === undefined) return [point];
    const edge = point.map((v, axis) => next[axis] - v);
    const parts = Math.max(1, Math.ceil(Math.hypot(...edge) / length));
    return Array.from({ length: parts }, (_, k): Triple => [
      point[0] + k / parts * edge[0],
      point[1] + k / parts * edge[1],
      point[2] + k / parts * edge[2],
    ]);
  });
}
