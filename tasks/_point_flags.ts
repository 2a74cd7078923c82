/**
 * The flag that states the axes of points. All tasks that read files of points share it.
 *
 * @module
 */

import { POINT_SPACES } from "../points/point_file.ts";

/** The flag `--point-space`. */
export const POINT_SPACE = {
  type: "choice",
  choices: POINT_SPACES,
  help:
    "The axes of coordinates in files that do not state them: CSV files with the columns x, y, z, and VTK and STL " +
    "meshes that 3D Slicer did not write. ras: right, anterior, superior. lps: left, posterior, superior, as ITK, " +
    "ANTs, elastix and DICOM use.",
} as const;
