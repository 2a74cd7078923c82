/**
 * Registers CT and MR images of the same body, on the GPU by WebGPU.
 *
 * - `crosswarp/volume`: images on the host, NIfTI in and out
 * - `crosswarp/kernels`: the GPU layer and its operations
 * - `crosswarp/registration`: rigid and deformable registration
 *
 * @example Usage
 * ```ts
 * import { applyTransform, Gpu, Grid, registerDeformable, registerRigid, type Volume } from "./mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Two images: usually readVolume("mr.nii.gz"); here a ball and the same ball 4 mm further right.
 * const grid = Grid.axisAligned([32, 32, 32], [2, 2, 2]);
 * const ball = (centre: number): Volume => ({
 *   grid,
 *   data: Float32Array.from({ length: grid.voxels }, (_, i) => {
 *     const x = i % 32 - centre, y = Math.floor(i / 32) % 32 - 16, z = Math.floor(i / 1024) - 16;
 *     return 100 * Math.exp(-(x * x / 40 + y * y / 30 + z * z / 50));
 *   }),
 * });
 * const fixed = ball(15), moving = ball(17);
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const { matrix: rigid } = await registerRigid(gpu, { fixed, moving, levels: 1 });
 *   const { controlGrid } = await registerDeformable(gpu, {
 *     ...{ fixed, moving, initial: rigid, levels: 1, iterations: 5 },
 *   });
 *   const transform = { rigid, controlGrid, fixedGrid: grid, movingGrid: grid };
 *   const warped = await applyTransform(gpu, { transform, image: moving, like: grid });
 *   const middle = 16 * 1024 + 16 * 32 + 15;
 *   assertAlmostEquals(warped.data[middle], fixed.data[middle], 5);
 * }
 * ```
 *
 * @module
 */

export * from "./volume/mod.ts";
export * from "./kernels/mod.ts";
export * from "./registration/mod.ts";
