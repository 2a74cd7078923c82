/**
 * Patch-averaged synthesis of a volume (section 3.1): a generator sees overlapping patches, and every voxel
 * is the mean of what they say.
 *
 * @module
 */

import {
  patchAverage,
  type PatchAverageOptions,
  type PatchAverageProgress,
} from "../../kernels/patches/patch_average.ts";
import { patchStarts } from "../../kernels/patches/patch_starts.ts";
import { type PlaneAxes, PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Generator } from "../networks/generator.ts";
import { BACKGROUND, meanAboveBackground, middleOf, readPatch } from "./plane_patch.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";

/** "full" is the paper's average; "cheap" takes few patches and hides their seams. */
export type Stitch = "full" | "cheap";

/** Options of {@link synthesiseVolume}. */
export interface SynthesisOptions {
  /** tfjs on the device. */
  readonly tensorflow: Tensorflow;
  /** What gives the other modality. */
  readonly generator: Generator;
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** The image in [-1, 1], x fastest. */
  readonly image: Float32Array;
  /** How the planes that the generator was trained on lie. */
  readonly axes: PlaneAxes;
  /** Rows and columns of a patch, a multiple of 4: those of the training. */
  readonly crop: number;
  /** How patches follow each other. Default "full". */
  readonly stitch?: Stitch | undefined;
  /** Rows and columns from one patch to the next, S; by {@link stridesOf} when absent. */
  readonly stride?: number | undefined;
  /** Slices from one patch to the next, S_C; by {@link stridesOf} when absent. */
  readonly sliceStride?: number | undefined;
  /** Patches that go through the generator at once. By default as many as keep the device busy. */
  readonly batch?: number | undefined;
  /** Ends the synthesis with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/**
 * A patch below this part of the mean intensity of the patch in the middle holds next to nothing. Training
 * shows no such patch (section 4.1 leaves out dark ones), and the networks' normalisation would blow up its
 * noise: it stays background.
 */
const EMPTY = 1 / 16;

/** Pixels of all patches that go through the generator at once, by default. */
const PIXELS_AT_ONCE = 256 * 256;

/** The steps from one patch to the next. */
export interface Strides {
  /** Rows and columns, S. */
  readonly stride: number;
  /** Slices, S_C. */
  readonly sliceStride: number;
}

/**
 * Strides of a synthesis. The paper's are 4 in plane and 2 of 3 or 4 of 12 slices; the cheap ones half a
 * patch and all its slices.
 */
export function stridesOf(
  stitch: Stitch,
  { crop, channels }: { readonly crop: number; readonly channels: number },
): Strides {
  if (stitch === "cheap") return { stride: Math.max(1, crop / 2), sliceStride: channels };
  return { stride: Math.min(4, crop), sliceStride: channels < 4 ? Math.min(2, channels) : 4 };
}

/**
 * A volume in the other modality, in [-1, 1], x fastest. Patches with next to nothing in them stay
 * background. Two runs give the same bytes.
 *
 * @throws {RangeError} when an option makes no sense.
 */
export async function synthesiseVolume(options: SynthesisOptions): Promise<Float32Array> {
  const { tensorflow, generator, crop } = options;
  const { gpu, runner } = tensorflow;
  const { channels } = generator.options;
  const cut = patchOptions(options);
  const least = minimumMean(options);
  let before: tf.Tensor | undefined;
  try {
    return await patchAverage(gpu, {
      ...cut,
      signal: options.signal,
      onProgress: options.onProgress,
      network: (input, patches) => {
        before?.dispose();
        before = tf.tidy(() => {
          const { handle: buffer } = input;
          const shape = [patches.length, crop, crop, channels];
          const x = tf.tensor({ buffer, zeroCopy: true }, shape, "float32");
          const isBody = x.reshape([patches.length, -1]).mean(1).sub(BACKGROUND)
            .greaterEqual(least).cast("float32").reshape([patches.length, 1, 1, 1]);
          return generator.apply(x as tf.Tensor4D).sub(BACKGROUND).mul(isBody).add(BACKGROUND);
        });
        // The average reads what is recorded here.
        runner.flush();
        return runner.handle(before);
      },
    });
  } finally {
    runner.flush();
    before?.dispose();
  }
}

/** How many patches a synthesis takes. */
export function countPatches(options: Omit<SynthesisOptions, "tensorflow" | "image">): number {
  const { size, axes, crop, generator: { options: { channels } } } = options;
  const strides = chosenStrides(options, channels);
  const counts = [axes.column, axes.row, axes.slice].map(({ axis }, i) => {
    const [patch, stride] = i < 2 ? [crop, strides.stride] : [channels, strides.sliceStride];
    return patchStarts(Math.max(size[axis], patch), patch, stride).length;
  });
  return counts.reduce((a, b) => a * b);
}

/** The mean above the background from which on a patch is synthesised. */
function minimumMean({ size, image, axes, crop, generator }: SynthesisOptions): number {
  const patch: Triple = [crop, crop, generator.options.channels];
  const stack = new PlaneStack(size, axes, patch);
  const middle = middleOf(stack, patch);
  return EMPTY * meanAboveBackground(readPatch(image, stack, middle, patch));
}

function patchOptions(options: SynthesisOptions): PatchAverageOptions {
  const { size, image, axes, crop, stitch = "full", generator } = options;
  const { channels } = generator.options;
  const fitting = Math.max(1, Math.floor(PIXELS_AT_ONCE / crop ** 2));
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

/** The strides asked for, and those of the stitching in place of an absent one. */
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
