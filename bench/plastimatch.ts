/**
 * Runs plastimatch (Sharp et al. 2010), where it is installed, as a yardstick.
 *
 * @module
 */

import { type DisplacementField, readDisplacementField } from "../volume/mod.ts";
import { runCommand } from "./elastix.ts";

/** What plastimatch is asked to do. */
export interface PlastimatchOptions {
  /** Fixed image file. */
  readonly fixed: string;
  /** Moving image file. */
  readonly moving: string;
  /** An existing folder for its parameter and output files. */
  readonly directory: string;
  /** Weight of the regularisation. */
  readonly regularization?: number;
  /** Ends the child process. */
  readonly signal?: AbortSignal;
}

/** Registers rigidly by Mattes MI, then by MI and B-splines of 60, 30 and 15 mm with bending energy. */
export async function runPlastimatch(
  { fixed, moving, directory, regularization = 0.00001, signal }: PlastimatchOptions,
): Promise<{ field: DisplacementField; seconds: number }> {
  const file = `${directory}/field.nii.gz`;
  await Deno.writeTextFile(
    `${directory}/stages.txt`,
    plastimatchStages({ fixed, moving, file, regularization }),
  );
  const seconds = await runCommand("plastimatch", ["register", `${directory}/stages.txt`], signal);
  return { field: await readDisplacementField(file), seconds };
}

/** The command file. */
export function plastimatchStages(
  { fixed, moving, file, regularization }: {
    fixed: string;
    moving: string;
    file: string;
    regularization: number;
  },
): string {
  const bSpline = (spacing: number, resolution: number) => `
[STAGE]
xform=bspline
impl=plastimatch
threading=openmp
metric=mi
mi_histogram_bins=32
regularization_lambda=${regularization}
grid_spac=${spacing} ${spacing} ${spacing}
res=${resolution} ${resolution} ${resolution}
max_its=100
`;
  return `[GLOBAL]
fixed=${fixed}
moving=${moving}
vf_out=${file}
default_value=-1000

[STAGE]
xform=align_center

[STAGE]
xform=rigid
impl=itk
optim=rsg
metric=mattes
mi_histogram_bins=50
num_samples=100000
max_its=200
max_step=4
min_step=0.001
res=4 4 4

[STAGE]
xform=rigid
impl=itk
optim=rsg
metric=mattes
mi_histogram_bins=50
num_samples=100000
max_its=100
max_step=1
min_step=0.001
res=2 2 2
${bSpline(60, 4)}${bSpline(30, 2)}${bSpline(15, 1)}`;
}
