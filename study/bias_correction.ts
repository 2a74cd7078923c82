/**
 * The study's MR images, corrected for their bias fields (section 2).
 *
 * @module
 */

import { withoutUndefined } from "../host/defaults.ts";
import {
  isRenumbered,
  type LabelFiles,
  type Manifest,
  type ManifestSubject,
  writeManifest,
} from "../cohort/manifest.ts";
import { correctBias, type CorrectedImage } from "../bias_field/n4.ts";
import { tissueMask } from "../bias_field/foreground_mask.ts";
import { shrinkFactors } from "../bias_field/samples.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { Shard } from "../workflows/shard.ts";
import type { OnProgress } from "./progress.ts";
import { finished, keyOf, once } from "./run_folder.ts";
import { doShare } from "./shard_jobs.ts";

/** Options of {@link correctCohort}. */
export interface CorrectCohortOptions {
  /** The cohort; paths ready to open. */
  readonly manifest: Manifest;
  /** A key of the contents of each subject's files by the subject's id. */
  readonly subjectKeys: Readonly<Record<string, string>>;
  /** The folder for the corrected images and their manifest; made when missing. */
  readonly folder: string;
  /** The program's version. */
  readonly version: string;
  /** The part of the images that this process corrects. Default: all. */
  readonly shard?: Shard | undefined;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of corrected images. */
  readonly onProgress?: OnProgress | undefined;
}

/** An MR image to correct. */
interface CorrectionJob {
  readonly subject: ManifestSubject;
  readonly mr: string;
  /** The file that marks the corrected image. */
  readonly mark: string;
  readonly key: string;
}

/**
 * Corrects the MR images of a cohort by N4 in the tissue; images that are corrected already are kept.
 *
 * @throws {WaitsForShards} when images of other shards are not corrected.
 * @returns The path of a manifest with the corrected images; all other files stay where they are.
 */
export async function correctCohort(gpu: Gpu, options: CorrectCohortOptions): Promise<string> {
  const { manifest, subjectKeys, folder, version, shard, signal, onProgress } = options;
  await Deno.mkdir(folder, { recursive: true });
  const jobs: CorrectionJob[] = [];
  for (const subject of manifest.subjects) {
    const { id, images: { mr } } = subject;
    if (mr === undefined) continue;
    // The samples are in the key: folders of older versions have the same factor for all axes.
    const key = await keyOf({
      version,
      adapter: gpu.description,
      of: subjectKeys[id],
      samples: "per axis",
      padding: "replaced",
    });
    jobs.push({ subject, mr, mark: `${folder}/${id}_mr.json`, key });
  }
  await doShare({
    shard,
    jobs,
    nameOf: ({ subject }) => `the correction of ${subject.id}`,
    isFinished: async ({ mark, key }) => await finished(mark, key) !== undefined,
    run: async (missing, own) => {
      for (const [i, job] of missing.entries()) {
        signal?.throwIfAborted();
        onProgress?.(own.length - missing.length + i, own.length, job.subject.id);
        await once(job.mark, job.key, () => correct(gpu, job, options));
      }
      onProgress?.(own.length, own.length, "");
    },
  });
  const path = `${folder}/cohort.json`;
  const subjects = await Promise.all(manifest.subjects.map(correctedSubject));
  await writeManifest(path, { ...manifest, subjects });
  return path;
}

/** Corrects an image and writes the result. */
async function correct(
  gpu: Gpu,
  { subject: { id, trust }, mr }: CorrectionJob,
  { folder, signal }: CorrectCohortOptions,
): Promise<{ iterations: CorrectedImage["iterations"] }> {
  // N4 would turn the padding into many values, which are no padding any more.
  const image = withPaddingReplaced(await readVolume(mr, { trust }));
  const found = await correctBias(gpu, {
    image,
    mask: tissueMask(image),
    shrink: shrinkFactors(image.grid),
    signal,
  });
  await writeVolume(`${folder}/${id}_mr.nii.gz`, found.image);
  return { iterations: found.iterations };
}

/** A subject with its corrected image; all other files stay where they are. */
async function correctedSubject(subject: ManifestSubject): Promise<ManifestSubject> {
  const { id, images: { ct, mr }, labels, truth, trueImages } = subject;
  return {
    ...subject,
    images: withoutUndefined({
      ct: ct && await Deno.realPath(ct),
      mr: mr && `${id}_mr.nii.gz`,
    }),
    labels: withoutUndefined({
      ct: labels.ct && await realFiles(labels.ct),
      mr: labels.mr && await realFiles(labels.mr),
    }),
    truth: truth !== undefined ? await Deno.realPath(truth) : undefined,
    trueImages: trueImages && withoutUndefined({
      ct: trueImages.ct && await Deno.realPath(trueImages.ct),
      mr: trueImages.mr && await Deno.realPath(trueImages.mr),
    }),
  };
}

async function realFiles(files: LabelFiles): Promise<LabelFiles> {
  if (typeof files === "string") return await Deno.realPath(files);
  if (isRenumbered(files)) return { file: await Deno.realPath(files.file), ids: files.ids };
  const found: Record<string, string> = {};
  for (const [id, file] of Object.entries(files)) found[id] = await Deno.realPath(file);
  return found;
}
