/**
 * Images on the GPU and what can be done with them: a device whose memory is counted and whose errors
 * are raised, and one host function per operation, each with a plain TypeScript twin (`...Reference`)
 * that gives the same values on the processor.
 *
 * The kernels that a registration records many times over (joint histogram, similarity gradients,
 * regularisers, optimisers) are not part of the public interface; use `registerRigid` and `registerDeformable`.
 *
 * @example Usage
 * ```ts
 * import { downloadImage, gaussianSmooth, Gpu, uploadImage } from "./mod.ts";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const data = new Float32Array(16 ** 3).fill(3);
 *   const source = uploadImage(gpu, "image", [16, 16, 16], data);
 *   const smooth = gaussianSmooth(gpu, { source, sigma: [1, 1, 1] });
 *   assertAlmostEquals((await downloadImage(gpu, smooth))[0], 3, 1e-5);
 *   source.destroy();
 *   smooth.destroy();
 * }
 * ```
 *
 * @module
 */

export * from "./gpu/gpu.ts";
export * from "./gpu/errors.ts";
export * from "./gpu/image.ts";
export * from "./image/gaussian.ts";
export * from "./image/pyramid.ts";
export * from "./image/resample.ts";
export * from "./image/warp.ts";
export * from "./image/percentiles.ts";
export * from "./image/field_operations.ts";
export * from "./patches/patch_average.ts";
export type { PatchSlab, PatchWeights } from "./patches/patch_starts.ts";
export { type PlaneAxes, PLANES, type WalkedAxis } from "./patches/plane_stack.ts";
