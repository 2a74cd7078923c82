/**
 * Deformable registration on a control grid: the paper's own method, "ourDIR" (section 3.2). The
 * displacements at the points of a control grid, interpolated linearly or by a cubic B-spline, minimise
 * F(d(k)) = E(I_f, I_m(d(k))) + lambda R(k), from coarse to fine, by L-BFGS.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { DEFORMABLE_DEFAULTS } from "../deformable_defaults.ts";
import { NoOverlapError } from "../errors.ts";
import { AUTOMATIC_SIMILARITY, SIMILARITY_CHOICES } from "../similarity/similarities.ts";
import type { DeformableOptions, DeformableResult } from "./deformable_options.ts";
import { runLevels } from "./run_levels.ts";

/** Bins over each image's intensities (section 3.2). */
export const NMI_BINS = 100;

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
  const isContinued = resume?.similarity === otherwise;
  if (!isContinued) {
    try {
      return await runLevels(gpu, first, options);
    } catch (error) {
      // A weight that was given is one for the first similarity.
      if (!(error instanceof NoOverlapError) || lambda !== undefined) throw error;
    }
  }
  const result = await runLevels(gpu, otherwise, {
    ...options,
    // The other options of the first similarity are options of both.
    channelWindow: undefined,
    resume: isContinued ? resume : undefined,
  });
  const notice =
    `The similarity is ${otherwise}, because too few voxels have the neighbours that ${first} compares (images of a ` +
    "few slices, or small masks).";
  return { ...result, notices: [notice, ...result.notices] };
}
