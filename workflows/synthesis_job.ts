/**
 * The synthesis of an image in the other modality by a trained model.
 *
 * @module
 */

import { type CheckpointHeader, loadGenerator, type ModelInput } from "../gan/model/checkpoint.ts";
import type { Modality } from "../volume/modality.ts";
import type { Generator } from "../gan/networks/generator.ts";
import { planeAxes } from "../gan/synthesis/image_planes.ts";
import { fromNetwork, intensityScaleOf, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import {
  countPatches,
  type Stitch,
  synthesiseVolume,
  type SynthesisOptions,
} from "../gan/synthesis/synthesis.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { PatchAverageProgress } from "../kernels/patches/patch_average.ts";
import type { Triple } from "../volume/affine.ts";
import type { Volume } from "../volume/volume.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { resampleIsotropic, resampleTo } from "./body_region.ts";
import { planeSpacing } from "./training_job.ts";

/** Options of {@link synthesiseOnGrid}. */
export interface GridSynthesisOptions {
  /** The image, of the other modality than `to`, with voxels as in the training. */
  readonly image: Volume;
  /** The modality of the synthesised image. */
  readonly to: Modality;
  /** Density of the patches. Default "full". */
  readonly stitch?: Stitch | undefined;
  /** Rows and columns from one patch to the next. */
  readonly stride?: number | undefined;
  /** Slices from one patch to the next. */
  readonly sliceStride?: number | undefined;
  /** True if almost empty patches remain background. Default true. */
  readonly skipEmpty?: boolean | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/** Options of {@link synthesiseImage}. */
export interface SynthesisJobOptions extends GridSynthesisOptions {
  /** The model: the folder that a training wrote, its address, or its files. */
  readonly model: ModelInput;
}

/** The difference between the cheap and the full average. */
export interface CheapError {
  /** The mean difference, in the synthesised intensities. */
  readonly mean: number;
  /** The largest difference, in the synthesised intensities. */
  readonly max: number;
  /** The number of slices in the middle of the image that were compared. */
  readonly slices: number;
}

/** The result of {@link synthesiseImage}. */
export interface SynthesisResult {
  /** The synthesised image: on the image's grid, in the intensities of its new modality. */
  readonly image: Volume;
  /** The number of patches that were averaged. */
  readonly patches: number;
  /**
   * Mean and maximum difference between the cheap and the full average over the slices in the middle, in
   * the synthesised intensities; only when stitched cheaply.
   */
  readonly cheapError?: CheapError | undefined;
  /** Warnings for the user. */
  readonly notices: readonly string[];
}

/** A model that is loaded. */
export interface LoadedModel {
  /** The generator of the synthesised modality. */
  readonly generator: Generator;
  /** The checkpoint's header. */
  readonly header: CheckpointHeader;
}

/** An image's voxels may differ by this factor from those that a model was trained on. */
const SPACING_FACTOR = 1.15;

/**
 * Synthesises an image. If the model was trained on resampled images, the image is resampled for it, and
 * the result is resampled to the image's own grid.
 *
 * @throws {ModelFileError} when the folder holds no model.
 * @throws {FileAccessError} when a file of the model cannot be read.
 * @throws {RangeError} when a stride makes no sense.
 */
export async function synthesiseImage(
  gpu: Gpu,
  options: SynthesisJobOptions,
): Promise<SynthesisResult> {
  const { to, stitch } = options;
  const image = withPaddingReplaced(options.image);
  using tensorflow = await Tensorflow.open(gpu);
  const model = await loadGenerator(options.model, to);
  const { generator, header } = model;
  try {
    const { voxel } = header.data;
    const seen = voxel === undefined ? image : await resampleIsotropic(gpu, image, voxel);
    const { image: result, job } = await synthesiseOnGrid(tensorflow, model, {
      ...options,
      image: seen,
    });
    return {
      image: voxel === undefined ? result : await resampleTo(gpu, result, image.grid),
      patches: countPatches(job),
      cheapError: stitch === "cheap" ? await cheapError(job, header, to) : undefined,
      notices: noticesFor(seen, header, generator),
    };
  } finally {
    generator.dispose();
  }
}

/**
 * Synthesises an image on its own grid.
 *
 * @returns The image, and the options with which it was synthesised.
 */
export async function synthesiseOnGrid(
  tensorflow: Tensorflow,
  { generator, header: { data, settings } }: LoadedModel,
  options: GridSynthesisOptions,
): Promise<{ image: Volume; job: SynthesisOptions }> {
  const { image, to } = options;
  // A CT has the training's scale; the units of an MR differ from image to image.
  const scale = to === "mr" ? data.scale.ct : intensityScaleOf("mr", image.data);
  const job: SynthesisOptions = {
    tensorflow,
    generator,
    size: image.grid.size,
    image: toNetwork(image.data, scale),
    axes: planeAxes(image.grid, data.plane),
    crop: settings.crop,
    stitch: options.stitch ?? "full",
    stride: options.stride,
    sliceStride: options.sliceStride,
    skipEmpty: options.skipEmpty,
    signal: options.signal,
    onProgress: options.onProgress,
  };
  const values = await synthesiseVolume(job);
  return { image: { grid: image.grid, data: fromNetwork(values, data.scale[to]) }, job };
}

/** Compares both ways of stitching over the slices in the middle that the generator sees at once. */
async function cheapError(
  job: SynthesisOptions,
  { data }: CheckpointHeader,
  to: Modality,
): Promise<CheapError> {
  const { size, image, axes: { slice: { axis } }, generator, signal } = job;
  const slices = Math.min(generator.options.channels, size[axis]);
  const first = (size[axis] - slices) >> 1;
  const cut = size.map((count, i) => i === axis ? slices : count) as unknown as Triple;
  const part = new Float32Array(cut[0] * cut[1] * cut[2]);
  const shift = [0, 0, 0].map((_, i) => i === axis ? first : 0);
  for (let z = 0, at = 0; z < cut[2]; z++) {
    for (let y = 0; y < cut[1]; y++, at += cut[0]) {
      const from = ((z + shift[2]) * size[1] + y + shift[1]) * size[0] + shift[0];
      part.set(image.subarray(from, from + cut[0]), at);
    }
  }
  const middle = { ...job, size: cut, image: part, signal, onProgress: undefined };
  const cheap = await synthesiseVolume({ ...middle, stitch: "cheap" });
  const full = await synthesiseVolume({
    ...middle,
    stitch: "full",
    stride: undefined,
    sliceStride: undefined,
  });
  const exact = fromNetwork(full, data.scale[to]);
  let sum = 0;
  let max = 0;
  fromNetwork(cheap, data.scale[to]).forEach((value, i) => {
    const difference = Math.abs(value - exact[i]);
    sum += difference;
    max = Math.max(max, difference);
  });
  return { mean: sum / cheap.length, max, slices };
}

/** One line about the difference between the cheap and the full average. */
export function cheapErrorText({ mean, max, slices }: CheapError, to: Modality): string {
  const unit = to === "ct" ? " HU" : "";
  return `Cheap compared with full average, ${slices} slice${
    slices > 1 ? "s" : ""
  } in the middle: ` +
    `mean difference ${mean.toFixed(1)}${unit}, largest ${max.toFixed(1)}${unit}`;
}

function noticesFor(
  seen: Volume,
  { data, step, settings }: CheckpointHeader,
  generator: Generator,
) {
  const notices: string[] = [];
  const total = settings.epochs * settings.stepsPerEpoch;
  if (step < total) notices.push(`The model's training stopped after ${step} of ${total} steps`);
  const spacing = planeSpacing(seen.grid, data.plane);
  if (
    spacing.some((mm, i) => Math.abs(Math.log(mm / data.spacing[i])) > Math.log(SPACING_FACTOR))
  ) {
    const text = (triple: readonly number[]) => triple.map((mm) => mm.toFixed(2)).join(" x ");
    notices.push(
      `The image's voxels (${text(spacing)} mm) differ from those that the model was trained on ` +
        `(${text(data.spacing)} mm): resample it, or train with --voxel`,
    );
  }
  const { slice } = planeAxes(seen.grid, data.plane);
  if (seen.grid.size[slice.axis] < generator.options.channels) {
    notices.push(
      `The image has ${seen.grid.size[slice.axis]} slices; the model sees ` +
        `${generator.options.channels} at once: the rest is background`,
    );
  }
  return notices;
}
