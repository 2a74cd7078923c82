/**
 * Deformable registration on a control grid: the paper's own method, "ourDIR" (section 3.2). The
 * displacements at the points of a control grid, interpolated linearly or by a cubic B-spline, minimise
 * F(d(k)) = E(I_f, I_m(d(k))) + lambda R(k), from coarse to fine, by L-BFGS.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { DEFORMABLE_DEFAULTS } from "../deformable_defaults.ts";
import { FewPatchesError, NoOverlapError } from "../errors.ts";
import {
  AUTOMATIC_SIMILARITY,
  SIMILARITIES,
  SIMILARITY_CHOICES,
  similarityOptionsOf,
} from "../similarity/similarities.ts";
import type { DeformableOptions, DeformableResult } from "./deformable_options.ts";
import { runLevels } from "./run_levels.ts";

/**
 * Registers the moving image to the fixed one by a deformation.
 *
 * @returns The displacements of the control points in RAS mm and a record of every level.
 * @throws {NoOverlapError} when too few voxels are common to both images.
 * @throws {GpuMemoryError} before it starts, when the estimate exceeds the memory budget.
 * @throws {RangeError} when an option is out of range or belongs to another similarity.
 *
 * @example Usage
 * ```ts ignore
 * import { Gpu, registerDeformable, readVolume } from "@crosswarp/crosswarp";
 *
 * using gpu = await Gpu.open();
 * const fixed = await readVolume("mr.nii.gz"), moving = await readVolume("ct.nii.gz");
 * const { controlGrid } = await registerDeformable(gpu, { fixed, moving });
 * ```
 */
export async function registerDeformable(
  gpu: Gpu,
  options: DeformableOptions,
): Promise<DeformableResult> {
  const { similarity = DEFORMABLE_DEFAULTS.similarity, resume, lambda } = options;
  if (!SIMILARITY_CHOICES.includes(similarity)) {
    throw new RangeError(
      `\`similarity\` must be one of ${SIMILARITY_CHOICES.join(", ")}, got ${similarity}`,
    );
  }
  if (similarity !== "automatic") return await runLevels(gpu, similarity, options);
  const { first, otherwise } = AUTOMATIC_SIMILARITY;
  for (const [name, value] of Object.entries(similarityOptionsOf(options))) {
    if (value === undefined || name in SIMILARITIES[first].options) continue;
    throw new RangeError(
      `\`${name}\` does nothing with the similarity automatic: name the similarity that has it`,
    );
  }
  const isContinued = resume?.similarity === otherwise && lambda === undefined;
  if (!isContinued) {
    try {
      return await runLevels(gpu, first, options);
    } catch (error) {
      if (!(error instanceof FewPatchesError)) throw error;
      if (lambda !== undefined) {
        throw new NoOverlapError(
          `${error.message} \`lambda\` (--lambda) was given for ${first}: without it, ${otherwise} is used here.`,
          { cause: error },
        );
      }
    }
  }
  const { channelWindow, ...shared } = options;
  const result = await runLevels(gpu, otherwise, {
    ...shared,
    resume: isContinued ? resume : undefined,
  });
  const notice =
    `The similarity is ${otherwise}, because too few voxels of a level have the neighbours that ${first} compares ` +
    "(thin images or small masks). A smaller number of levels (--levels) may have enough." +
    (channelWindow === undefined ? "" : " The channel window does nothing.");
  return { ...result, notices: [notice, ...result.notices] };
}
