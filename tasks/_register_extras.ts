/**
 * The flags of `register` on what a web page does not have: DICOM series, landmarks, and cohorts.
 *
 * @module
 */

import { PointFileError } from "../points/point_file.ts";
import { readPoints } from "../points/read_points.ts";
import {
  type Landmark,
  pairLandmarks,
  pointsOutside,
  type TargetErrors,
} from "../workflows/landmarks.ts";
import type { RegisterInputs, RegisterPaths } from "../workflows/register_files.ts";
import { dicomOutFlag, DicomOutput } from "./_dicom_out.ts";
import { type Flag, type FlagValues, UsageError } from "./_flags.ts";
import { seriesFlag } from "./_header_flags.ts";
import { POINT_SPACE } from "./_point_flags.ts";
import { REGISTER_FLAGS } from "./_register_flags.ts";
import { SHARD } from "./_shard_flag.ts";

/** The flags. */
export const REGISTER_EXTRAS = {
  fixedSeries: seriesFlag("--fixed"),
  movingSeries: seriesFlag("--moving"),
  fixedPoints: {
    type: "string",
    valueName: "FILE",
    help:
      "Landmarks of the fixed image (.csv, .fcsv, .mrk.json), for the target registration error (TRE).",
  },
  movingPoints: {
    type: "string",
    valueName: "FILE",
    help:
      "The same landmarks in the moving image, with the same names, or in the same order if they have no names.",
  },
  pointSpace: POINT_SPACE,
  dicomOut: dicomOutFlag("--fixed"),
} as const satisfies Readonly<Record<string, Flag>>;

/** The flags of many registrations. With --cohort, the images are those of its cases. */
export const REGISTER_COHORT_FLAGS = {
  fixed: {
    ...REGISTER_FLAGS.fixed,
    required: false,
    help: "The fixed image. It is required without --cohort.",
  },
  moving: {
    ...REGISTER_FLAGS.moving,
    required: false,
    help:
      "The moving image. The task warps it onto the fixed image. It is required without --cohort.",
  },
  cohort: {
    type: "string",
    valueName: "FILE",
    help:
      "A CSV file with a pair of images per line, or a cohort.json. The task registers all pairs; see below.",
  },
  shard: { ...SHARD, help: `With --cohort: ${SHARD.help}` },
} as const satisfies Readonly<Record<string, Flag>>;

type Extras = FlagValues<typeof REGISTER_EXTRAS>;

/**
 * Refuses flags of one registration that need others. The landmarks of a cohort are in its list.
 *
 * @throws {UsageError} when only one file of landmarks is given, or --point-space without them.
 */
export function refuseLonely(
  { fixedPoints, movingPoints, pointSpace, cohort }:
    & Extras
    & Pick<FlagValues<typeof REGISTER_COHORT_FLAGS>, "cohort">,
): void {
  if (cohort !== undefined) return;
  if ((fixedPoints === undefined) !== (movingPoints === undefined)) {
    throw new UsageError("--fixed-points and --moving-points need each other");
  }
  if (pointSpace !== undefined && fixedPoints === undefined) {
    throw new UsageError("--point-space does nothing without --fixed-points and --moving-points");
  }
}

/**
 * The landmarks of both images, which change nothing but metrics.json; undefined if there are none.
 *
 * @throws {PointFileError} when a file cannot be used, the two do not agree, or all points are outside their image.
 */
export async function readLandmarks(
  { fixedPoints, movingPoints, pointSpace: space }: Partial<
    Pick<Extras, "fixedPoints" | "movingPoints" | "pointSpace">
  >,
  { fixed, moving }: RegisterInputs,
  onNotice: (notice: string) => void,
): Promise<readonly Landmark[] | undefined> {
  if (fixedPoints === undefined || movingPoints === undefined) return undefined;
  const sides = [
    { path: fixedPoints, side: "fixed", grid: fixed.grid },
    { path: movingPoints, side: "moving", grid: moving.grid },
  ];
  const [first, second] = await Promise.all(
    sides.map(({ path }) => readPoints(path, { space, onNotice })),
  );
  sides.forEach(({ path, side, grid }, i) => {
    const { points } = i === 0 ? first : second;
    const outside = pointsOutside(points, grid);
    const message =
      `${path} (--${side}-points): ${outside} of ${points.length} points are outside the ${side} image. ` +
      "Check their axes (--point-space) and the file.";
    if (outside === points.length) throw new PointFileError(message);
    if (outside > 0) onNotice(message);
  });
  return pairLandmarks(first, second, { fixed: fixedPoints, moving: movingPoints });
}

/** The folder of --dicom-out; undefined without the flag. Errors are those of {@link DicomOutput.open}. */
export async function openDicomOut(
  { dicomOut, out, fixed, fixedSeries, moving, movingSeries }:
    & Pick<Extras, "dicomOut">
    & Pick<RegisterPaths, "fixed" | "fixedSeries" | "moving" | "movingSeries">
    & { readonly out: string },
): Promise<DicomOutput | undefined> {
  return await DicomOutput.open({
    folder: dicomOut,
    out,
    fixed: { flag: "--fixed", path: fixed, series: fixedSeries },
    moving: { flag: "--moving", path: moving, series: movingSeries },
    derivation: "registered and warped",
  });
}

/** Prints the mean and the maximum of the target registration errors. */
export function printTargetErrors({ mean, max, points }: TargetErrors): void {
  console.log(
    `Target registration error of ${points.length} landmarks: mean ${mean.after.toFixed(2)} mm ` +
      `(${mean.before.toFixed(2)} before), maximum ${max.after.toFixed(2)} mm (${
        max.before.toFixed(2)
      } before)`,
  );
}
