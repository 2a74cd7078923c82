/**
 * The work of `points` for an RT Structure Set.
 *
 * @module
 */

import { throwIfStopped } from "./_run_task.ts";
import { writeWholeFile } from "../host/write_file.ts";
import { checkFixedSeries } from "../volume/dicom/derived_series.ts";
import { encodeDerivedStructureSet } from "../volume/dicom/derived_structure_set.ts";
import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { readSeriesTemplate, type SeriesTemplate } from "../volume/dicom/series_template.ts";
import { readStructureSet, type StructureSet } from "../volume/dicom/structure_set.ts";
import type { Triple } from "../volume/affine.ts";
import { ImageGeometryError } from "../volume/nifti_errors.ts";
import { Grid } from "../volume/grid.ts";
import type { ReadTransforms } from "../workflows/transform_files.ts";
import { checkSameFrame, seriesOfStructures } from "../workflows/structure_series.ts";
import { warpStructures } from "../workflows/warped_structures.ts";

/** The error of an inverse that is named, mm. */
const MAX_RESIDUAL = 0.1;

/** Options of {@link mapStructures}. */
export interface MapStructuresOptions {
  /** The path of the structure set. */
  readonly points: string;
  /** The path of the result. */
  readonly out: string;
  /** The transforms. */
  readonly transforms: ReadTransforms;
  /** True from the moving to the fixed image. */
  readonly inverse: boolean;
  /** The series of the image of the result, and its choice among several. */
  readonly like: string;
  readonly likeSeries: string | undefined;
  /** The series on which the contours were drawn. */
  readonly drawnOn: string | undefined;
  /** Prints a warning. */
  readonly onNotice: (notice: string) => void;
  /** Stops the task before it writes. */
  readonly signal: AbortSignal;
}

/**
 * Maps a structure set and writes it.
 *
 * @throws {DicomSeriesError} when a file is no structure set or no series, or they do not belong together.
 * @throws {ImageGeometryError} when --like is the wrong image of the transform.
 */
export async function mapStructures(options: MapStructuresOptions): Promise<void> {
  const { points, out, transforms, inverse, onNotice, signal } = options;
  const structures = await readStructureSet(points);
  const like = await readSeriesTemplate(options.like, { onNotice, series: options.likeSeries });
  const [from, to] = inverse ? ["moving", "fixed"] as const : ["fixed", "moving"] as const;
  if (like === undefined) {
    throw new DicomSeriesError(
      `--like must be a DICOM series (a folder or a zip file), and ${options.like} is none. The contours get its slices ` +
        "and its frame of reference.",
    );
  }
  checkFixedSeries(like, `${options.like} (--like)`, "Give another --like");
  checkSide(options, like, from, to);
  const drawnOn = options.drawnOn === undefined
    ? undefined
    : await drawnOnSeries(options.drawnOn, structures);
  warnOfStructures(structures, like, options);
  const { map } = transforms;
  let residual = 0;
  const back = (point: Triple) => {
    const found = map.inverse(point);
    residual = Math.max(residual, found.residual);
    return found;
  };
  const { contours } = warpStructures({
    structures,
    map: inverse ? { forward: map.forward, inverse: back } : {
      forward: (point) => back(point).point,
      inverse: (point) => ({ point: map.forward(point), residual: 0 }),
    },
    like,
    drawnOn: drawnOn && new Grid(drawnOn.size, drawnOn.affine),
    onNotice,
  });
  if (residual > MAX_RESIDUAL) {
    onNotice(
      `${points}: the inverse of the transform has errors up to ${
        residual.toFixed(2)
      } mm near the contours, because the transform folds there. Register again with --no-folding.`,
    );
  }
  const derivation = "warped by the transform of a registration";
  const bytes = await encodeDerivedStructureSet({
    source: structures,
    contours,
    fixed: like,
    derivation,
  });
  await throwIfStopped(signal);
  await writeWholeFile(out, bytes);
  const count = contours.reduce((sum, { length }) => sum + length, 0);
  const { length } = structures.rois;
  console.log(
    `Wrote ${out}: ${length} ${
      length === 1 ? "ROI" : "ROIs"
    } with ${count} contours, from the ${from} to the ${to} image. The ` +
      "structure set is not approved: review it on the images.",
  );
}

/** The series of --drawn-on, in the frame of reference of the contours. */
async function drawnOnSeries(path: string, structures: StructureSet): Promise<SeriesTemplate> {
  const found = await seriesOfStructures(path, structures, undefined);
  if (found === undefined) {
    throw new DicomSeriesError(
      `--drawn-on must be a DICOM series (a folder or a zip file), and ${path} is none. Leave it out, or give the series.`,
    );
  }
  checkSameFrame(structures, found, `${path} (--drawn-on)`);
  return found;
}

/** Refuses a series that has the grid of the image of the other side. */
function checkSide(
  { like: path, transforms, inverse }: MapStructuresOptions,
  like: SeriesTemplate,
  from: "fixed" | "moving",
  to: "fixed" | "moving",
): void {
  const grid = new Grid(like.size, like.affine);
  const [own, other] = [transforms[`${to}Grid`], transforms[`${from}Grid`]];
  const isOther = other?.equals(grid, SAME_GRID) && !own?.equals(grid, SAME_GRID);
  if (!isOther) return;
  throw new ImageGeometryError(
    `${path} (--like) is the ${from} image of the transform, and the contours go to the ${to} image. ${
      inverse ? "Leave out" : "Give"
    } --inverse if they were drawn on the ${to} image, or give the ${to} image.`,
  );
}

/** The distance in mm up to which two grids are the same. */
const SAME_GRID = 0.01;

/** Warns of contours that do not seem to need the transform. */
function warnOfStructures(
  { patient, frameOfReference }: StructureSet,
  like: SeriesTemplate,
  { points, like: path, onNotice }: MapStructuresOptions,
): void {
  const texts = like.texts;
  if (frameOfReference !== "" && frameOfReference === texts.frameOfReference) {
    onNotice(
      `${points} is in the frame of reference of ${path} (--like) already. The task maps it nevertheless; if the ` +
        "contours were drawn on that image, no transform is needed.",
    );
  }
  if (patient !== texts.patient) {
    onNotice(
      `${points} has the patient ID "${patient}", and ${path} (--like) has "${texts.patient}". The result has that of --like.`,
    );
  }
}
