/**
 * `deno task register`: registers a moving image to a fixed one.
 *
 * @module
 */

import { CASE_COLUMNS } from "../workflows/case_columns.ts";
import type { FlagsOf, Program, TaskSpec } from "./_flags.ts";
import { GAUSS_NEWTON_FLAGS, refuseUseless } from "./_register_flags.ts";
import { refuseLonely, refuseMixed, REGISTER_TASK_FLAGS } from "./_register_task_flags.ts";
import { runTask } from "./_run_task.ts";

/** The declaration of `deno task register`. */
export const TASK = {
  name: "register",
  summary: "Registers a moving image to a fixed image (CT or MR): first rigidly, then deformably.",
  details: `
The task writes these files into the folder of --out. The inverse field is on the grid of the moving
image, all other images are on the grid of the fixed image:
  warped.nii.gz          the warped moving image
  warped_labels.nii.gz   the warped labels of the moving image
  field.nii.gz           the displacement field (LPS mm), for ITK, ANTs, SimpleITK and 3D Slicer
  inverse_field.nii.gz   the displacement field of the inverse map
  jacobian.nii.gz        the Jacobian determinant of the map
  transform.json         the transform, for \`apply\`
  metrics.json           measures of the result, the parameters, and the warnings about the input files
  overview.png           a picture of the result
  report.html            all of this on one page, with a viewer, which needs no other file

The task judges its result without labels: as good, doubtful or failed, with the reasons, on the
console and as \`quality\` in metrics.json. It has failed if a displaced copy of the warped image fits the
fixed image as well as the result does, if copies that are displaced by one voxel fit better nearly everywhere,
as with the image of another patient, or if the moving image fits clearly better mirrored or turned by 180
degrees. It is doubtful, for example, if the result fits better than such copies only in a small part of the
body, as with much noise or with some other patients: look at the report then. Good means that nothing speaks
against the result, not that it is exact.

The defaults in mm are for images of a human body. A fixed image with a diagonal under 95 mm, such as
one of a mouse, is registered as if it were larger by a power of ten. A spacing, resolution or window
that you give keeps its meaning; a weight lambda has the effect that it has on the larger image.

The method control-grid (the default) optimises a similarity over the displacements of control points.
The method mind-gauss-newton is the registration framework of MIND: dense, symmetric, with Gauss-Newton
steps. Among the flags of the deformable registration it accepts only ${GAUSS_NEWTON_FLAGS} and
--resolution. It also writes the inverse-consistency error and the number of folded voxels in both
directions to metrics.json.

--start discrete begins the deformable registration with a discrete search: points every 16 mm choose among
displacements of up to 48 mm along each axis. It finds large motions, as between two breaths, in which the
images do not overlap well enough for the usual descent. The search takes the place of the coarsest level,
unless that is the only one. --start automatic, the default, begins with the coarsest level. If this level moves
a twentieth of the control points by more than 20 mm, the task searches from the fixed to the moving image and back, and
takes the displacements only if both agree at enough points. No start is always the best one: look at the
result. metrics.json has the choice and the agreement as \`start\` of the first level if there was a search, and
the number of levels that the search replaced as \`replacedLevels\`.

--similarity automatic, the default, is the local correlation of MIND. It compares voxels whose neighbours lie
in the image and in the mask, too. If a level has too few of them, because the images are thin there or the masks
are small, the task says so and registers by NMI+MIND. With a smaller number of --levels there may be enough. A
--lambda that you give belongs to the local correlation of MIND: such images are then refused. metrics.json has
the name of the similarity.

An image that was interpolated to smaller voxels than it was measured with, such as slices of 6 mm to 1.25 mm, is
registered with working images that have the voxels of the measured image along that axis, at most 6 mm. The task
finds an interpolation by a factor of 4 or more by itself, with the similarities automatic and lncc-mind, and says
so. --resolution or --keep-interpolated changes this.

With --cohort the task registers many pairs, each into the folder OUT/<case>. A CSV file has a line for each
pair, and its first line names the columns. Paths are relative to the CSV file:
${
    Object.entries(CASE_COLUMNS).map(([name, text]) =>
      `  ${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).padEnd(22)} ${text}`
    ).join("\n")
  }
The pairs of a cohort.json are its subjects with both modalities: the MR is fixed, the CT is moving. A case that
cannot be registered does not stop the others; the exit code is then 1. With --resume the task keeps the cases
that are finished, if their files and the settings are the same. OUT/report.html and OUT/cases.csv list all
cases; those that need a look stand first. Several processes with different --shard can share a folder OUT,
such as those of a Slurm array: --shard $((SLURM_ARRAY_TASK_ID + 1))/8 with --array=0-7.`,
  examples: [
    "--fixed mr.nii.gz --moving ct.nii.gz --out registered",
    "--fixed mr.nii.gz --moving ct.nii.gz --moving-labels organs.nii.gz --out registered",
    "--cohort pairs.csv --out registered --resume",
  ],
  flags: REGISTER_TASK_FLAGS,
} as const satisfies TaskSpec;

/** The work of `deno task register`. */
export async function main(
  flags: FlagsOf<typeof TASK>,
  signal: AbortSignal,
  program: Program,
): Promise<number> {
  refuseMixed(flags);
  refuseUseless(flags);
  refuseLonely(flags);
  // Two thirds of the modules are loaded here, because --help does not need them.
  const { cohort } = flags;
  if (cohort !== undefined) {
    const { registerCohort } = await import("./_register_cohort.ts");
    return await registerCohort(flags, cohort, { signal, program });
  }
  const { registerOne } = await import("./_register_one.ts");
  return await registerOne(flags, signal, program);
}

if (import.meta.main) await runTask(TASK, main);
