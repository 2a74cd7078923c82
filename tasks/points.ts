/**
 * `deno task points`: maps points, the vertices of a mesh, or an RT Structure Set through a transform.
 *
 * @module
 */

import { writeWholeFile } from "../host/write_file.ts";
import { PointFileError } from "../points/point_file.ts";
import { POINT_SUFFIXES, pointSuffix, readPoints } from "../points/read_points.ts";
import { mapThrough } from "../registration/map_points.ts";
import { isFolder } from "../volume/dicom/open_dicom.ts";
import { isDicomFile } from "../volume/dicom/structure_set.ts";
import { pointsOutside } from "../workflows/landmarks.ts";
import { readTransforms } from "../workflows/transform_files.ts";
import { type FlagsOf, type TaskSpec, UsageError } from "./_flags.ts";
import { checkFile } from "./_output.ts";
import { seriesFlag } from "./_header_flags.ts";
import { POINT_SPACE } from "./_point_flags.ts";
import { runTask, throwIfStopped } from "./_run_task.ts";
import { mapStructures } from "./_structure_points.ts";

/** The error of an inverse point that is named, mm. */
const NAMED_RESIDUAL = 0.01;

/** The declaration of `deno task points`. */
export const TASK = {
  name: "points",
  summary:
    "Maps points, the vertices of a mesh, or an RT Structure Set through a transform that `register` wrote.",
  details: `
Points go the other way than images. The transform leads from the fixed image to the moving image;
a warped image takes the value of each voxel from there:

              points                                 points --inverse
    fixed  ------------>  moving           fixed  <--------------------  moving
    image  <------------  image            image  -------------------->  image
              apply                                  apply --inverse

So for landmarks or an organ surface that were drawn on the moving image and are wanted on the fixed
image, on which \`register\` puts the warped image, give --inverse.

The result has the format and the axes of the file of --points, and everything else in it, such as
names and triangles: CSV, .fcsv and .mrk.json of 3D Slicer, meshes in legacy VTK (.vtk), STL (.stl)
and GIfTI (.gii). Coordinates are millimetres. GIfTI has RAS axes; .fcsv, .mrk.json and the meshes of
3D Slicer state their axes; in CSV files the columns can be named r, a, s or l, p, s. For other files
--point-space states the axes.

--points can also be an RT Structure Set (RTSTRUCT, one DICOM file). Then --like is required: the DICOM
series of the image to which the contours go. For contours that were drawn on the moving image, give
--inverse, and the series of the fixed image as --like; without --inverse the contours go from the
fixed image to the moving image. The closed contours of each ROI become a body, interpolated between
their planes, and the task writes the contours of the warped body in the slices of --like; it maps
points and open contours point by point. Parts of a ROI that are thinner than 1 mm, or lie between two
slices of --like, can be lost: a warning names the ROI, the number of lost parts and their volume.
Another warning names a ROI whose volume is not the one that the transform lets expect. The result
has the names, numbers, colours and observations of the ROIs, and the patient, the study and the frame
of reference of --like. It is not approved: review it on the images.`,
  examples: [
    "--transform registered/transform.json --points mr_landmarks.mrk.json --out on_ct.mrk.json",
    "--transform registered/transform.json --points ct_liver.stl --point-space lps --inverse --out liver_on_mr.stl",
    "--transform registered/transform.json --points ct_plan.dcm --inverse --like mr_series --out plan_on_mr.dcm",
  ],
  flags: {
    transform: {
      type: "paths",
      required: true,
      valueName: "FILE",
      help:
        "The transform.json of `register`, or another transform or a chain, as `apply` takes them.",
    },
    points: {
      type: "string",
      required: true,
      valueName: "FILE",
      help:
        "Points, a mesh or an RT Structure Set, in the world coordinates of the fixed image (with --inverse, of the " +
        "moving image).",
    },
    inverse: {
      type: "boolean",
      help: "Map from the moving to the fixed image, with the inverse transform.",
    },
    out: {
      type: "string",
      required: true,
      valueName: "FILE",
      help: "The result. Its name ends like that of --points, and in .dcm for an RT Structure Set.",
    },
    pointSpace: POINT_SPACE,
    like: {
      type: "string",
      valueName: "FOLDER",
      help:
        "For an RT Structure Set, which needs it: the DICOM series (a folder or a zip file) of the image to which the " +
        "contours go, the moving image (with --inverse, the fixed image).",
    },
    likeSeries: seriesFlag("--like"),
    drawnOn: {
      type: "string",
      valueName: "FOLDER",
      help:
        "For an RT Structure Set: the DICOM series on which the contours were drawn. The task then checks that both " +
        "have one frame of reference, and ROIs with contours in one plane are as thick as its slices.",
    },
  },
} as const satisfies TaskSpec;

/** The work of `deno task points`. */
export async function main(flags: FlagsOf<typeof TASK>, signal: AbortSignal): Promise<void> {
  const { out, inverse } = flags;
  const warn = (notice: string) => console.error(`Warning: ${notice}`);
  if (await isFolder(flags.points)) {
    throw new UsageError(
      `--points must be a file, and ${flags.points} is a folder. Give the file of the points or of the RT Structure Set`,
    );
  }
  if (pointSuffix(flags.points) === undefined && await isDicomFile(flags.points)) {
    return await mapStructureFile(flags, warn, signal);
  }
  for (const [flag, value] of Object.entries(STRUCTURE_FLAGS)) {
    if (flags[value] === undefined) continue;
    throw new UsageError(
      `${flag} is for an RT Structure Set, and ${flags.points} (--points) is none`,
    );
  }
  const suffix = pointSuffix(flags.points);
  if (suffix === undefined) {
    throw new UsageError(
      `--points must end in ${
        POINT_SUFFIXES.join(", ")
      }, or be an RT Structure Set of DICOM, got ${flags.points}`,
    );
  }
  if (pointSuffix(out) !== suffix) {
    throw new UsageError(`--out must end in ${suffix}, as --points does, got ${out}`);
  }
  await checkFile(out);
  const transforms = await readTransforms(flags.transform, { onNotice: warn });
  const file = await readPoints(flags.points, { space: flags.pointSpace, onNotice: warn });
  const [from, to] = inverse ? ["moving", "fixed"] as const : ["fixed", "moving"] as const;
  const count = file.points.length;
  const grid = transforms[`${from}Grid`];
  const outside = grid === undefined ? 0 : pointsOutside(file.points, grid);
  if (outside === count) {
    throw new PointFileError(
      `${flags.points} (--points) has no point inside the ${from} image of the transform. ` +
        `${
          inverse ? "Leave out" : "Give"
        } --inverse if the points belong to the ${to} image, and check the axes ` +
        "(--point-space).",
    );
  }
  if (outside > 0) {
    warn(
      `${flags.points}: ${outside} of ${count} points are outside the ${from} image. The displacement there is that ` +
        "at the border.",
    );
  }
  const { points, residuals } = mapThrough(transforms.map, file.points, inverse);
  const inexact = residuals.filter((residual) => residual > NAMED_RESIDUAL).length;
  if (inexact > 0) {
    const worst = residuals.reduce((max, value) => Math.max(max, value), 0);
    warn(
      `${inexact} of ${count} points have no exact inverse (error up to ${
        worst.toFixed(2)
      } mm), because the ` +
        "transform folds there. Register again with --no-folding.",
    );
  }
  const bytes = await file.encode(points);
  await throwIfStopped(signal);
  await writeWholeFile(out, bytes);
  console.log(
    `Wrote ${out}: ${count} points, from the ${from} to the ${to} image, ${file.space.toUpperCase()} mm`,
  );
}

/** The flags that only a structure set has. */
const STRUCTURE_FLAGS = {
  "--like": "like",
  "--like-series": "likeSeries",
  "--drawn-on": "drawnOn",
} as const;

/** The work for an RT Structure Set. */
async function mapStructureFile(
  { points, out, like, likeSeries, drawnOn, inverse, pointSpace, transform }: FlagsOf<typeof TASK>,
  onNotice: (notice: string) => void,
  signal: AbortSignal,
): Promise<void> {
  if (like === undefined) {
    throw new UsageError(
      `${points} (--points) is a DICOM file: give --like, the DICOM series of the ${
        inverse ? "fixed" : "moving"
      } image, which gets the contours`,
    );
  }
  if (pointSpace === "ras") throw new UsageError("DICOM files are LPS: leave out --point-space");
  if (!/\.dcm$/i.test(out)) throw new UsageError(`--out must end in .dcm, got ${out}`);
  await checkFile(out);
  const transforms = await readTransforms(transform, { onNotice });
  const series = { like, likeSeries, drawnOn };
  await mapStructures({ points, out, transforms, inverse, ...series, onNotice, signal });
}

if (import.meta.main) await runTask(TASK, main);
