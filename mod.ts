/**
 * Registers CT and MR images of the same body, on the GPU by WebGPU.
 *
 * - `crosswarp/volume`: images on the host, NIfTI in and out
 * - `crosswarp/kernels`: the GPU layer and its operations
 * - `crosswarp/registration`: rigid and deformable registration
 *
 * @example Usage
 * ```ts
 * import { Gpu, Grid, registerImages, type Volume } from "./mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * // Two images: usually `await readVolume("mr.nii.gz")`; here a ball, and the ball 4 mm to the right.
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
 *   const { warped } = await registerImages(gpu, {
 *     fixed, moving, rigid: { levels: 1 }, deformable: { levels: 1, iterations: 5 },
 *   });
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
