/**
 * All flags of the task `register`: those of the page, and those on DICOM series, landmarks and cohorts. They are apart
 * from the work of these flags, so that `register --help` does not load it.
 *
 * @module
 */

import { dicomOutFlag } from "./_dicom_out_flag.ts";
import { type Flag, type FlagValues, isGiven, kebabCase, UsageError } from "./_flags.ts";
import { seriesFlag } from "./_header_flags.ts";
import { POINT_SPACE } from "./_point_flags.ts";
import { REGISTER_FLAGS } from "./_register_flags.ts";
import { SHARD } from "./_shard_flag.ts";

/** The flags for DICOM series and landmarks, which the page does not have. */
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

/** The exit code of a registration that has failed by its own verdict, with --strict. */
export const FAILED_VERDICT = 3;

/** The flags of the task `register`. */
export const REGISTER_TASK_FLAGS = {
  ...REGISTER_FLAGS,
  ...REGISTER_EXTRAS,
  ...REGISTER_COHORT_FLAGS,
} as const;

/** The values of {@link REGISTER_EXTRAS}. */
export type RegisterExtras = FlagValues<typeof REGISTER_EXTRAS>;

/** The values of the flags of the task. */
export type RegisterTaskFlags = FlagValues<typeof REGISTER_TASK_FLAGS>;

/**
 * Refuses flags of one registration that need others. The landmarks of a cohort are in its list.
 *
 * @throws {UsageError} when only one file of landmarks is given, or --point-space without them.
 */
export function refuseLonely(
  { fixedPoints, movingPoints, pointSpace, cohort }:
    & RegisterExtras
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

/** The flags of files, which the cases of a cohort have of their own. */
export const OF_A_CASE = [
  "fixed",
  "moving",
  "fixedLabels",
  "movingLabels",
  "fixedMask",
  "movingMask",
  "fixedPoints",
  "movingPoints",
  "fixedSeries",
  "movingSeries",
] as const;

/**
 * Refuses flags that contradict each other.
 *
 * @throws {UsageError} when --cohort stands beside the files of one registration, when --shard stands alone, or when
 * neither --cohort nor both images are given.
 */
export function refuseMixed(flags: RegisterTaskFlags): void {
  if (flags.cohort === undefined) {
    if (flags.shard !== undefined) throw new UsageError("--shard needs --cohort");
    for (const name of ["fixed", "moving"] as const) {
      if (flags[name] === undefined) throw new UsageError(`--${name} is required without --cohort`);
    }
    return;
  }
  const given = OF_A_CASE.find((name) => isGiven(flags, name));
  if (given !== undefined) {
    throw new UsageError(
      `--${kebabCase(given)} does nothing with --cohort, whose cases have their own files`,
    );
  }
}
