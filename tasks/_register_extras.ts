/**
 * The parts of `register` that the page lacks: reading landmarks and writing DICOM series.
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
import { DicomOutput } from "./_dicom_out.ts";
import type { RegisterExtras } from "./_register_task_flags.ts";

/**
 * The landmarks of both images, which change nothing but metrics.json; undefined if there are none.
 *
 * @throws {PointFileError} when a file cannot be used, the two do not agree, or all points are outside their image.
 */
export async function readLandmarks(
  { fixedPoints, movingPoints, pointSpace: space }: Partial<
    Pick<RegisterExtras, "fixedPoints" | "movingPoints" | "pointSpace">
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
    & Pick<RegisterExtras, "dicomOut">
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
