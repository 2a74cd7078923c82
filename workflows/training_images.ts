/**
 * The images that a cycle-GAN is trained on: a cohort's unpaired subjects, or two folders.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { type LabelFiles, type Manifest, readManifest } from "../cohort/manifest.ts";
import { labelPaths, readLabels } from "../cohort/read_labels.ts";
import type { Modality } from "../volume/modality.ts";
import {
  type IntensityScale,
  intensityScaleOf,
  toNetwork,
} from "../gan/synthesis/intensity_scale.ts";
import type { TrainingVolume } from "../gan/training/patch_sampler.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { ImageFileError } from "../volume/nifti_errors.ts";
import { IMAGE_SUFFIX } from "../volume/image_suffix.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { HeaderMatrix, ReadOptions } from "../volume/read_options.ts";
import type { Volume } from "../volume/volume.ts";
import { cutRegion, type ImageRegion, resampleIsotropic } from "./body_region.ts";

/** The source of the images. */
export type TrainingSource =
  /** A manifest: its subjects of kind "ct" and "mr". */
  | { readonly manifest: string }
  /** Two folders of NIfTI files. */
  | { readonly ct: string; readonly mr: string };

/** Options of {@link readTrainingImages}. */
export interface TrainingImagesOptions extends ReadOptions {
  /** The source of the images. */
  readonly source: TrainingSource;
  /** The region that is cut out of the images. It is found by labels, which folders do not have. */
  readonly region: ImageRegion;
  /** Isotropic voxel size in mm. Default: the images are not resampled, which requires whole images. */
  readonly voxel?: number | undefined;
  /** The scale of CT. Default linear from -1000 to 1000 HU. */
  readonly ctScale?: IntensityScale | undefined;
  /** Stops the reading. */
  readonly signal?: AbortSignal | undefined;
  /** Called after each image. */
  readonly onProgress?:
    | ((progress: { done: number; total: number; name: string }) => void)
    | undefined;
}

/** An image to train on. */
export interface TrainingImage extends TrainingVolume {
  /** The intensities that are scaled to -1 and 1. */
  readonly scale: IntensityScale;
}

/** The error of images that cannot be used for a training. The message names them and tells the user what to do. */
export class TrainingImagesError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "TrainingImagesError";
}

interface File {
  readonly name: string;
  readonly modality: Modality;
  readonly image: string;
  readonly labels?: LabelFiles | undefined;
  /** The manifest's choice of a matrix. */
  readonly trust?: HeaderMatrix | undefined;
}

/**
 * Reads, cuts, resamples and scales the images of both modalities.
 *
 * @throws {TrainingImagesError} when a folder or a manifest has none, or labels are missing.
 * @throws {ImageFileError} when a file cannot be read.
 */
export async function readTrainingImages(
  gpu: Gpu,
  options: TrainingImagesOptions,
): Promise<Record<Modality, TrainingImage[]>> {
  const { source, region, voxel, signal, onProgress } = options;
  if (region !== "all" && voxel === undefined) {
    throw new RangeError("A region needs a voxel size, to which it is resampled");
  }
  const files = "manifest" in source
    ? subjectFiles(source.manifest, await readManifest(source.manifest))
    : [...await folderFiles(source.ct, "ct"), ...await folderFiles(source.mr, "mr")];
  const images: Record<Modality, TrainingImage[]> = { ct: [], mr: [] };
  for (const [i, file] of files.entries()) {
    signal?.throwIfAborted();
    const { grid, data } = await readImage(gpu, file, options);
    let scale: IntensityScale;
    try {
      scale = file.modality === "ct" && options.ctScale !== undefined
        ? options.ctScale
        : intensityScaleOf(file.modality, data);
    } catch (cause) {
      throw new TrainingImagesError(`${file.image}: ${(cause as Error).message}`, { cause });
    }
    images[file.modality].push({ name: file.name, grid, data: toNetwork(data, scale), scale });
    onProgress?.({ done: i + 1, total: files.length, name: file.name });
  }
  return images;
}

function subjectFiles(path: string, { subjects }: Manifest): File[] {
  const files = (["ct", "mr"] as const).flatMap((modality) => {
    const unpaired = subjects.filter(({ kind }) => kind === modality);
    if (unpaired.length === 0) {
      throw new TrainingImagesError(
        `${path} has no subject of kind "${modality}": the training takes unpaired images of both ` +
          'modalities. Add subjects of kind "ct" and "mr", or name two folders by --ct and --mr',
      );
    }
    return unpaired.map(({ id, images, labels, trust }): File => ({
      name: id,
      trust,
      modality,
      image: images[modality]!,
      labels: labels[modality],
    }));
  });
  return files;
}

async function folderFiles(folder: string, modality: Modality): Promise<File[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile, isSymlink } of Deno.readDir(folder)) {
      if ((isFile || isSymlink) && IMAGE_SUFFIX.test(name)) names.push(name);
    }
  } catch (cause) {
    throw new TrainingImagesError(
      `Cannot read the folder ${folder}: ${(cause as Error).message}`,
      { cause },
    );
  }
  if (names.length === 0) {
    throw new TrainingImagesError(
      `${folder} has no image file (.nii.gz, .nii, .nrrd, .nhdr, .mha or .mhd)`,
    );
  }
  return names.sort().map((name) => ({
    name: name.replace(IMAGE_SUFFIX, ""),
    modality,
    image: `${folder}/${name}`,
  }));
}

async function readImage(
  gpu: Gpu,
  { name, image: path, labels, trust }: File,
  { region, voxel, trust: chosen, onNotice }: TrainingImagesOptions,
): Promise<Volume> {
  const reading: ReadOptions = { trust: chosen ?? trust, onNotice };
  const image = withPaddingReplaced(await readVolume(path, reading));
  if (region === "all") {
    return voxel === undefined ? image : await resampleIsotropic(gpu, image, voxel);
  }
  if (labels === undefined) {
    throw new TrainingImagesError(
      `${name} has no labels, by which the ${region} is found: add them to the manifest, or train on ` +
        "whole images by --region all",
    );
  }
  try {
    const found = await cutRegion(
      gpu,
      { image, labels: await readLabels(labels, reading) },
      region,
      voxel!,
    );
    return found.image;
  } catch (cause) {
    if (cause instanceof ImageFileError || !(cause instanceof RangeError)) throw cause;
    throw new TrainingImagesError(`${labelPaths(labels)[0]}: ${cause.message}`, { cause });
  }
}
