/**
 * Registered pairs for a training: each CT is registered to the MR of another subject. The subjects stay unpaired, and
 * no labels are used.
 *
 * @module
 */

import { FileAccessError } from "../host/errors.ts";
import { sha256Hex } from "../host/hash.ts";
import { writeWholeFile } from "../host/write_file.ts";
import type { RegisteredPair } from "../gan/training/pair_sampler.ts";
import { fromNetwork, SOFT_TISSUE_CT_SCALE, toNetwork } from "../gan/synthesis/intensity_scale.ts";
import { registerDeformable } from "../registration/deformable/register_deformable.ts";
import { applyTransform, type Transform } from "../registration/transform.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { IDENTITY } from "../volume/affine.ts";
import type { Modality } from "../volume/modality.ts";
import { ImageFileError } from "../volume/nifti_errors.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { Volume } from "../volume/volume.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import { alignBodies, translatedGrid } from "./body_alignment.ts";
import { withAgreement } from "./pair_agreement.ts";
import type { TrainingImage } from "./training_images.ts";

/** Options of {@link registerTrainingPairs}. */
export interface RegisteredPairsOptions {
  /** The training images, in [-1, 1]. */
  readonly images: Readonly<Record<Modality, readonly TrainingImage[]>>;
  /** Folder for the registered images. Those that it has of the same images and adapter are not made again. */
  readonly folder: string;
  /** Stops the registrations. */
  readonly signal?: AbortSignal | undefined;
  /** Called before each registration and at the end. */
  readonly onProgress?:
    | ((progress: { done: number; total: number; name: string }) => void)
    | undefined;
}

/** A CT and an MR of different subjects, registered to each other. */
export interface TrainingPair {
  /** Names of both subjects. */
  readonly name: string;
  /** The CT on the grid of the MR, and the MR. */
  readonly onMr: RegisteredPair;
  /** The CT, and the MR on the grid of the CT. */
  readonly onCt: RegisteredPair;
}

/**
 * Number of subjects between a CT and the MR to which it is registered, in the order of the lists.
 */
const DISTANCE = 5;

/**
 * The registration between subjects, as for the originals of the study by MIND, with the smallest weight of the
 * regulariser in the paper's grid and one level more: different bodies differ more than two images of one. A rigid
 * registration before it fails on parts of the body.
 */
const REGISTRATION = {
  similarity: "mind",
  regulariser: "tv",
  lambda: 0.0125,
  spacing: 15,
  levels: 4,
  iterations: 50,
  start: "rigid",
} as const;

/** The method that chooses the pairs and what a training shows of them, for the keys of trainings. */
export const PAIRS_METHOD = "none at its own place, none that does not overlap";

/** Values in [-1, 1] above which a voxel shows the body: about -600 HU, and a tenth of the range of MR. */
const BODY = { ct: -0.6, mr: -0.8 } as const;

/**
 * Registers each CT to the MR of another subject, and each MR back to its CT.
 *
 * @returns As many pairs as the larger of both lists has images; with lists of different lengths sometimes fewer.
 * @throws {FileAccessError} when the folder cannot be written.
 */
export async function registerTrainingPairs(
  gpu: Gpu,
  { images, folder, signal, onProgress }: RegisteredPairsOptions,
): Promise<TrainingPair[]> {
  const { ct, mr } = images;
  const places = pairedPlaces(ct.length, mr.length);
  const { length: total } = places;
  await Deno.mkdir(folder, { recursive: true });
  const pairs: TrainingPair[] = [];
  for (const [i, [movingPlace, fixedPlace]] of places.entries()) {
    signal?.throwIfAborted();
    const moving = ct[movingPlace];
    const fixed = mr[fixedPlace];
    const name = `${moving.name}_${fixed.name}`;
    onProgress?.({ done: i, total, name });
    const paths = {
      ct: `${folder}/${name}_ct.nii.gz`,
      mr: `${folder}/${name}_mr.nii.gz`,
      key: `${folder}/${name}.txt`,
    };
    const key = await pairKey(gpu, fixed, moving);
    let warped = await readIfMade(paths, key);
    if (warped === undefined) {
      warped = await registerSubjects(gpu, { fixed, moving, signal });
      // The key of other images is removed first: a killed run leaves no images with a key that is not theirs.
      await Deno.remove(paths.key).catch(() => {});
      await writeVolume(paths.ct, warped.ct);
      await writeVolume(paths.mr, warped.mr);
      await writeWholeFile(paths.key, new TextEncoder().encode(`${key}\n`));
    }
    pairs.push({
      name,
      onMr: withAgreement({ name, grid: fixed.grid, ct: warped.ct.data, mr: fixed.data }),
      onCt: withAgreement({ name, grid: moving.grid, ct: moving.data, mr: warped.mr.data }),
    });
  }
  onProgress?.({ done: total, total, name: "" });
  return pairs;
}

/**
 * The places of each pair's CT and MR in lists of some lengths, each pair once. No CT meets the MR at its own place, which
 * may be of the same subject, if there is another.
 */
export function pairedPlaces(cts: number, mrs: number): (readonly [ct: number, mr: number])[] {
  const distance = DISTANCE % mrs === 0 ? 1 : DISTANCE;
  const places = Array.from({ length: Math.max(cts, mrs) }, (_, i) => {
    const ct = i % cts;
    const mr = (i + distance) % mrs;
    return [ct, mr === ct ? (mr + 1) % mrs : mr] as const;
  });
  return [...new Map(places.map((pair) => [pair.join(), pair])).values()];
}

/** A hash of everything that the registered images depend on. */
async function pairKey(gpu: Gpu, fixed: TrainingImage, moving: TrainingImage): Promise<string> {
  const images = await Promise.all([fixed, moving].map(async ({ grid, data, scale }) => ({
    size: grid.size,
    affine: [...grid.affine],
    scale,
    data: await sha256Hex(data as Float32Array<ArrayBuffer>),
  })));
  const { description: adapter } = gpu;
  return await sha256Hex(JSON.stringify({ images, adapter, registration: REGISTRATION }));
}

/** Reads registered images; undefined if they are of another key, missing or damaged. */
async function readIfMade(
  paths: Readonly<Record<Modality | "key", string>>,
  key: string,
): Promise<Record<Modality, Volume> | undefined> {
  const made = await Deno.readTextFile(paths.key).catch(() => "");
  if (made.trim() !== key) return undefined;
  try {
    return { ct: await readVolume(paths.ct), mr: await readVolume(paths.mr) };
  } catch (error) {
    if (error instanceof FileAccessError || error instanceof ImageFileError) return undefined;
    throw error;
  }
}

/** Registers a CT to an MR; returns the CT on the MR's grid and the MR on the CT's grid. */
async function registerSubjects(
  gpu: Gpu,
  { fixed, moving, signal }: {
    readonly fixed: TrainingImage;
    readonly moving: TrainingImage;
    readonly signal: AbortSignal | undefined;
  },
): Promise<Record<Modality, Volume>> {
  const shift = alignBodies(
    { grid: fixed.grid, data: fixed.data, threshold: BODY.mr },
    { grid: moving.grid, data: moving.data, threshold: BODY.ct },
  );
  const movingGrid = translatedGrid(moving.grid, shift);
  const images = {
    fixed: { grid: fixed.grid, data: fixed.data },
    moving: { grid: movingGrid, data: moving.data },
  };
  // MIND sees more of the soft tissue on this scale than on the linear one, whichever the networks see.
  const hounsfield = fromNetwork(moving.data, moving.scale);
  const { controlGrid } = await registerDeformable(gpu, {
    fixed: images.fixed,
    moving: { grid: movingGrid, data: toNetwork(hounsfield, SOFT_TISSUE_CT_SCALE) },
    ...REGISTRATION,
    signal,
  });
  const transform: Transform = {
    rigid: IDENTITY,
    controlGrid,
    fixedGrid: fixed.grid,
    movingGrid,
  };
  const ct = await applyTransform(gpu, { transform, image: images.moving, like: fixed.grid });
  const mr = await applyTransform(gpu, {
    transform,
    image: images.fixed,
    like: movingGrid,
    inverse: true,
  });
  return { ct, mr: { grid: moving.grid, data: mr.data } };
}
