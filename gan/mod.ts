/**
 * The cycle-GAN. tfjs on WebGPU, with our kernels, trains it on unpaired CT and MR images. Patch averaging applies it to
 * whole volumes.
 *
 * @example Usage
 * ```ts
 * import { CycleGan, PAPER_SETTINGS, synthesiseVolume, Tensorflow, tf } from "./mod.ts";
 * import { Gpu, PLANES } from "../kernels/mod.ts";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   using tensorflow = await Tensorflow.open(gpu, { convolution: "registers" });
 *   const gan = new CycleGan(tensorflow, {
 *     ...PAPER_SETTINGS,
 *     crop: 16, channels: 1, generatorFilters: 4, blocks: 1, discriminatorFilters: 4,
 *     strides: [2, 1],
 *   });
 *   // One step on one patch of each modality; `trainCycleGan()` takes all steps of a training.
 *   const patch = () => tf.randomUniform([1, 16, 16, 1], -1, 1) as tf.Tensor4D;
 *   const real = { ct: patch(), mr: patch() };
 *   const losses = gan.step(real, 2e-4);
 *   console.log(await losses.data());
 *   // A CT of 20 x 3 x 18 voxels in [-1, 1], as an MR.
 *   const mr = await synthesiseVolume({
 *     tensorflow, generator: gan.generators.mr, size: [20, 3, 18], axes: PLANES.coronal,
 *     image: new Float32Array(20 * 3 * 18), crop: 16,
 *   });
 *   console.log(mr.length);
 *   tf.dispose([real.ct, real.mr, losses]);
 *   gan.dispose();
 * }
 * ```
 *
 * @module
 */

export * from "./tensorflow.ts";
export type { ConvolutionVariant } from "./ops/convolution/convolution.ts";
export * from "./model/settings.ts";
export * from "./networks/generator.ts";
export * from "./networks/discriminator.ts";
export { Network } from "./networks/network.ts";
export * from "./training/losses.ts";
export * from "./training/learning_rate.ts";
export * from "./training/adam.ts";
export * from "./training/image_pool.ts";
export * from "./training/cycle_gan.ts";
export * from "./random.ts";
export * from "./synthesis/intensity_scale.ts";
export * from "./synthesis/image_planes.ts";
export * from "./training/patch_sampler.ts";
export * from "./training/train_cycle_gan.ts";
export * from "./training/memory.ts";
export * from "./training/diverged.ts";
export * from "./model/checkpoint.ts";
export * from "./model/safetensors.ts";
export * from "./model/model_error.ts";
export * from "./synthesis/synthesis.ts";
