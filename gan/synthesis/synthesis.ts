/**
 * Synthesis of a volume by patch averaging (section 3.1): a generator translates overlapping patches, and every voxel is
 * the mean of the patches that contain it.
 *
 * @module
 */

import { ExtendedImage } from "./extended_image.ts";
import {
  patchAverage,
  type PatchAverageOptions,
  type PatchAverageProgress,
  type PatchPosition,
} from "../../kernels/patches/patch_average.ts";
import { patchStarts } from "../../kernels/patches/patch_starts.ts";
import { type PlaneAxes, PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Generator } from "../networks/generator.ts";
import { PatchMeans } from "./patch_means.ts";
import { middleOf } from "./plane_patch.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";

/** "full" is the average of the paper; "cheap" uses few patches, with weights that hide their seams. */
export type Stitch = "full" | "cheap";

/** Options of {@link synthesiseVolume}. */
export interface SynthesisOptions {
  /** The device with tfjs. */
  readonly tensorflow: Tensorflow;
  /** Generator of the other modality. */
  readonly generator: Generator;
  /** Number of voxels along x, y, z. */
  readonly size: Triple;
  /** Image in [-1, 1], x fastest. */
  readonly image: Float32Array;
  /** Orientation of the planes on which the generator was trained. */
  readonly axes: PlaneAxes;
  /** Rows and columns of a patch, as in the training; a multiple of 4. */
  readonly crop: number;
  /** Arrangement of the patches. Default "full". */
  readonly stitch?: Stitch | undefined;
  /** Rows and columns from one patch to the next, S. Default by {@link stridesOf}. */
  readonly stride?: number | undefined;
  /** Slices from one patch to the next, S_C. Default by {@link stridesOf}. */
  readonly sliceStride?: number | undefined;
  /** True if almost empty patches remain background; the paper synthesises all patches. Default true. */
  readonly skipEmpty?: boolean | undefined;
  /** Patches per batch of the generator. Default enough to keep the device busy. */
  readonly batch?: number | undefined;
  /** Stops the synthesis, which then throws the reason of the signal. */
  readonly signal?: AbortSignal | undefined;
  /** Is called about twice per second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/**
 * A patch is empty if its mean intensity is below this fraction of the mean of the patch in the middle. The networks
 * have not been trained on such patches (section 4.1 excludes dark ones), and their normalisation would amplify the
 * noise. With `skipEmpty`, empty patches remain background, and do not pass through the generator.
 */
export const EMPTY_FRACTION = 1 / 16;

/** Default number of pixels per batch of the generator. */
const PIXELS_PER_BATCH = 256 * 256;

/** Distances from one patch to the next. */
export interface Strides {
  /** Number of rows and columns, S. */
  readonly stride: number;
  /** Number of slices, S_C. */
  readonly sliceStride: number;
}

/**
 * Returns the default strides of a synthesis. The strides of the paper are 4 pixels in plane, and 2 of 3 or 4 of 12
 * slices. The strides of "cheap" are half a patch and all of its slices.
 */
export function stridesOf(
  stitch: Stitch,
  { crop, channels }: { readonly crop: number; readonly channels: number },
): Strides {
  if (stitch === "cheap") return { stride: Math.max(1, crop / 2), sliceStride: channels };
  return { stride: Math.min(4, crop), sliceStride: channels < 4 ? Math.min(2, channels) : 4 };
}

/**
 * Synthesises a volume in the other modality, in [-1, 1], x fastest. Nearly empty patches remain background, unless
 * `skipEmpty` is false. Two runs give the same bytes.
 *
 * If the generators have a rule of air, an image that is smaller than a patch is extended by its outer voxels.
 *
 * @throws {RangeError} if an option is invalid.
 */
export async function synthesiseVolume(options: SynthesisOptions): Promise<Float32Array> {
  const { size, axes, image, crop, generator: { options: { channels, air = {} } } } = options;
  if (Object.keys(air).length === 0) return await averageOfPatches(options);
  const extended = new ExtendedImage(size, axes, [crop, crop, channels]);
  if (!extended.isLarger) return await averageOfPatches(options);
  const whole = { ...options, size: extended.size, image: extended.extend(image) };
  return extended.cut(await averageOfPatches(whole));
}

async function averageOfPatches(options: SynthesisOptions): Promise<Float32Array> {
  const { tensorflow, generator, crop } = options;
  const { gpu, runner } = tensorflow;
  const { channels } = generator.options;
  const { skipEmpty = true } = options;
  const isEmpty = skipEmpty ? emptyPatches(options) : undefined;
  let result: tf.Tensor | undefined;
  try {
    return await patchAverage(gpu, {
      ...patchOptions(options),
      signal: options.signal,
      onProgress: options.onProgress,
      isEmpty,
      network: (input, patches) => {
        result?.dispose();
        result = tf.tidy(() => {
          const { handle: buffer } = input;
          const shape = [patches.length, crop, crop, channels];
          const x = tf.tensor({ buffer, zeroCopy: true }, shape, "float32");
          return generator.apply(x as tf.Tensor4D);
        });
        // The average is submitted later and reads this result.
        runner.flush();
        return runner.handle(result);
      },
    });
  } finally {
    runner.flush();
    result?.dispose();
  }
}

/** Counts the patches of a synthesis. */
export function countPatches(options: Omit<SynthesisOptions, "tensorflow" | "image">): number {
  const { size, axes, crop, generator: { options: { channels } } } = options;
  const strides = chosenStrides(options, channels);
  const counts = [axes.column, axes.row, axes.slice].map(({ axis }, i) => {
    const [patch, stride] = i < 2 ? [crop, strides.stride] : [channels, strides.sliceStride];
    return patchStarts(Math.max(size[axis], patch), patch, stride).length;
  });
  return counts.reduce((a, b) => a * b);
}

/** Finds the patches that are too dark to be synthesised. */
function emptyPatches(
  { size, image, axes, crop, generator }: SynthesisOptions,
): (patch: PatchPosition) => boolean {
  const patch: Triple = [crop, crop, generator.options.channels];
  const stack = new PlaneStack(size, axes, patch);
  const means = new PatchMeans(image, stack, patch);
  const minimum = EMPTY_FRACTION * means.aboveBackground(middleOf(stack, patch));
  return ({ start }) => means.aboveBackground(start) < minimum;
}

/** Options of the patch averaging. */
function patchOptions(options: SynthesisOptions): PatchAverageOptions {
  const { size, image, axes, crop, stitch = "full", generator } = options;
  const { channels } = generator.options;
  const fitting = Math.max(1, Math.floor(PIXELS_PER_BATCH / crop ** 2));
  return {
    size,
    image,
    axes,
    patch: crop,
    channels,
    ...chosenStrides(options, channels),
    weights: stitch === "cheap" ? "feather" : "uniform",
    fill: -1,
    batch: options.batch ?? Math.min(fitting, countPatches(options)),
  };
}

/** The strides of the options, or the default of a stride that is absent. */
function chosenStrides(
  options: Pick<SynthesisOptions, "stitch" | "crop" | "stride" | "sliceStride">,
  channels: number,
): Strides {
  const { stitch = "full", crop } = options;
  const defaults = stridesOf(stitch, { crop, channels });
  return {
    stride: options.stride ?? defaults.stride,
    sliceStride: options.sliceStride ?? defaults.sliceStride,
  };
}
