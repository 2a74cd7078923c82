/**
 * The cycle-GAN: trained on unpaired CT and MR images by tfjs on WebGPU, with kernels of our own, and
 * applied to whole volumes by patch averaging.
 *
 * @example Usage
 * ```ts
 * import { CycleGan, PAPER_SETTINGS, synthesiseVolume, Tensorflow, type Tensor4D } from "./mod.ts";
 * import { Gpu, PLANES } from "../kernels/mod.ts";
 * import * as tf from "@tensorflow/tfjs"; // the version in this package's deno.json
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   using tensorflow = await Tensorflow.open(gpu, { convolution: "registers" });
 *   const gan = new CycleGan(tensorflow, {
 *     ...PAPER_SETTINGS,
 *     crop: 16, channels: 1, generatorFilters: 4, blocks: 1, discriminatorFilters: 4,
 *     strides: [2, 1],
 *   });
 *   // A step on one patch of each modality; `trainCycleGan()` does all steps of a training.
 *   const patch = () => tf.randomUniform([1, 16, 16, 1], -1, 1) as Tensor4D;
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

export {
  type Ops,
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  Tensorflow,
  type TensorflowOptions,
  type Variable,
} from "./tensorflow.ts";
export type { ConvolutionVariant } from "./ops/convolution/convolution.ts";
export { type CycleGanSettings, PAPER_SETTINGS } from "./model/settings.ts";
export type { AirRule, DarkRange } from "./ops/intensity_transfer/air_rule.ts";
export type { TransferCurves } from "./networks/transfer_curves.ts";
export { Generator, type GeneratorOptions } from "./networks/generator.ts";
export {
  Discriminator,
  type DiscriminatorOptions,
  receptiveField,
  STRIDES,
} from "./networks/discriminator.ts";
export { Network } from "./networks/network.ts";
export type { NamedValues } from "./networks/network_weights.ts";
export {
  CycleGan,
  type GeneratorLosses,
  LOSSES,
  type PairTensors,
  type PairTerm,
} from "./training/cycle_gan.ts";
export { STRUCTURE_MEASURES, type StructureMeasure } from "./ops/structure_loss/structure_loss.ts";
export { cycleLoss, deceptionLoss, judgementLoss } from "./training/losses.ts";
export { learningRate } from "./training/learning_rate.ts";
export { RandomState, type RandomWords } from "../host/random.ts";
export {
  type PairPatch,
  PairSampler,
  type PairSamplerOptions,
  type RegisteredPair,
} from "./training/pair_sampler.ts";
export {
  PatchSampler,
  type PatchSamplerOptions,
  type TrainingVolume,
} from "./training/patch_sampler.ts";
export {
  type PairSource,
  type PatchSource,
  type StepLosses,
  trainCycleGan,
  type TrainingOptions,
  type TrainingProgress,
} from "./training/train_cycle_gan.ts";
export { checkTrainingFits, trainingBytes } from "./training/memory.ts";
export { TrainingDivergedError } from "./training/diverged.ts";
export {
  type CheckpointHeader,
  loadGenerator,
  type ModelFiles,
  type ModelInput,
  type RandomStates,
  readCheckpointHeader,
  restoreCheckpoint,
  type TrainingData,
  type TrainingState,
  writeCheckpoint,
} from "./model/checkpoint.ts";
export { ModelFileError } from "./model/model_error.ts";
export {
  CT_SCALE,
  fromNetwork,
  type IntensityScale,
  intensityScaleOf,
  populationScale,
  toNetwork,
} from "./synthesis/intensity_scale.ts";
export { naturalPlane, PLANE_NAMES, planeAxes, type PlaneName } from "./synthesis/image_planes.ts";
export {
  type Stitch,
  type Strides,
  stridesOf,
  synthesiseVolume,
  type SynthesisOptions,
} from "./synthesis/synthesis.ts";

// Types of other entries that the signatures use.
export type { CrosswarpError } from "../host/errors.ts";
export type { FileInput } from "../host/file_input.ts";
export type { Gpu, GpuOptions } from "../kernels/gpu/gpu.ts";
export type { PatchAverageProgress } from "../kernels/patches/patch_average.ts";
export type { PlaneAxes, WalkedAxis } from "../kernels/patches/plane_stack.ts";
export type { Matrix4, Triple } from "../volume/affine.ts";
export type { Grid } from "../volume/grid.ts";
export type { ByModality, Modality } from "../volume/modality.ts";
