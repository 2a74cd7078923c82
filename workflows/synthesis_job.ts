/**
 * An image in the other modality, by a trained model.
 *
 * @module
 */

import { type CheckpointHeader, loadGenerator } from "../gan/model/checkpoint.ts";
import type { Modality } from "../volume/modality.ts";
import type { Generator } from "../gan/networks/generator.ts";
import { planeAxes } from "../gan/synthesis/image_planes.ts";
import { fromNetwork, intensityScaleOf, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import { countPatches, type Stitch, synthesiseVolume } from "../gan/synthesis/synthesis.ts";
import { Tensorflow } from "../gan/tensorflow.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import type { PatchAverageProgress } from "../kernels/patches/patch_average.ts";
import type { Triple } from "../volume/affine.ts";
import type { Volume } from "../volume/volume.ts";
import { resampleIsotropic, resampleTo } from "./body_region.ts";
import { planeSpacing } from "./training_job.ts";

/** Options of {@link synthesiseImage}. */
export interface SynthesisJobOptions {
  /** The folder that a training wrote. */
  readonly model: string;
  /** The image, of the other modality than `to`. */
  readonly image: Volume;
  /** What it becomes. */
  readonly to: Modality;
  /** How patches follow each other. Default "full". */
  readonly stitch?: Stitch | undefined;
  /** Rows and columns from one patch to the next. */
  readonly stride?: number | undefined;
  /** Slices from one patch to the next. */
  readonly sliceStride?: number | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/** What {@link synthesiseImage} gives. */
export interface SynthesisResult {
  /** The synthesised image: on the image's grid, in the intensities of the modality it became. */
  readonly image: Volume;
  /** Patches that were averaged. */
  readonly patches: number;
  /**
   * Mean and largest difference between the cheap and the full average over the slices in the middle, in
   * the synthesised intensities; only when stitched cheaply.
   */
  readonly cheapError?:
    | { readonly mean: number; readonly most: number; readonly slices: number }
    | undefined;
  /** What the user should know. */
  readonly notices: readonly string[];
}

/** An image's voxels may differ by this factor from those that a model was trained on. */
const SPACING_FACTOR = 1.15;

/**
 * Synthesises an image. Where the model was trained on resampled images, the image is resampled for it, and
 * the result is brought back to the image's own grid.
 *
 * @throws {ModelFileError} when the folder holds no model.
 * @throws {RangeError} when a stride makes no sense.
 */
export async function synthesiseImage(
  gpu: Gpu,
  options: SynthesisJobOptions,
): Promise<SynthesisResult> {
  const { image, to, stitch = "full" } = options;
  using tensorflow = await Tensorflow.open(gpu);
  const { generator, header } = await loadGenerator(options.model, to);
  try {
    const { voxel } = header.data;
    const seen = voxel === undefined ? image : await resampleIsotropic(gpu, image, voxel);
    // A CT is seen as in the training; an MR's units are its own.
    const scale = to === "mr" ? header.data.scale.ct : intensityScaleOf("mr", seen.data);
    const scaled = toNetwork(seen.data, scale);
    const job = {
      tensorflow,
      generator,
      size: seen.grid.size,
      image: scaled,
      axes: planeAxes(seen.grid, header.data.plane),
      crop: header.settings.crop,
      stitch,
      stride: options.stride,
      sliceStride: options.sliceStride,
      signal: options.signal,
      onProgress: options.onProgress,
    };
    const values = await synthesiseVolume(job);
    const result = { grid: seen.grid, data: fromNetwork(values, header.data.scale[to]) };
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

type Job = Parameters<typeof synthesiseVolume>[0];

/** Compares both ways to stitch over as many slices in the middle as the generator sees at once. */
async function cheapError(job: Job, { data }: CheckpointHeader, to: Modality) {
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
  const factor = (data.scale[to].high - data.scale[to].low) / 2;
  let sum = 0;
  let most = 0;
  cheap.forEach((value, i) => {
    const difference = factor * Math.abs(value - full[i]);
    sum += difference;
    most = Math.max(most, difference);
  });
  return { mean: sum / cheap.length, most, slices };
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
