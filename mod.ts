/**
 * Registers CT and MR images of the same body, on the GPU by WebGPU.
 *
 * - `crosswarp/volume`: images on the host, NIfTI in and out
 * - `crosswarp/kernels`: the GPU layer and its operations
 * - `crosswarp/registration`: rigid and deformable registration
 *
 * @example Usage
 * ```ts no-run
 * import { applyTransform, Gpu, readVolume, registerDeformable, registerRigid, writeVolume } from "./mod.ts";
 *
 * const fixed = await readVolume("mr.nii.gz");
 * const moving = await readVolume("ct.nii.gz");
 * using gpu = await Gpu.open();
 * const { matrix } = await registerRigid(gpu, { fixed, moving });
 * const { controlGrid } = await registerDeformable(gpu, { fixed, moving, initial: matrix });
 * ```
 *
 * @module
 */

export * from "./volume/mod.ts";
export * from "./kernels/mod.ts";
export * from "./registration/mod.ts";
