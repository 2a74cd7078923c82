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
import { correctBias } from "../bias_field/n4.ts";
import { tissueMask } from "../bias_field/foreground_mask.ts";
import { shrinkFactors } from "../bias_field/samples.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { writeVolume } from "../volume/write_nifti.ts";
import type { OnProgress } from "./progress.ts";
import { keyOf, once } from "./run_folder.ts";

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
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Called with the number of corrected images. */
  readonly onProgress?: OnProgress | undefined;
}

/**
 * Corrects the MR images of a cohort by N4 in the tissue; images that are corrected already are kept.
 *
 * @returns The path of a manifest with the corrected images; all other files stay where they are.
 */
export async function correctCohort(gpu: Gpu, options: CorrectCohortOptions): Promise<string> {
  const { manifest, subjectKeys, folder, version, signal, onProgress } = options;
  await Deno.mkdir(folder, { recursive: true });
  const total = manifest.subjects.filter(({ images }) => images.mr !== undefined).length;
  const subjects: ManifestSubject[] = [];
  let done = 0;
  for (const subject of manifest.subjects) {
    const { id, images: { ct, mr }, labels, truth, trueImages, trust } = subject;
    signal?.throwIfAborted();
    if (mr !== undefined) {
      onProgress?.(done, total, id);
      const of = subjectKeys[id];
      // The samples are in the key: folders of older versions have the same factor for all axes.
      const key = await keyOf({
        version,
        adapter: gpu.description,
        of,
        samples: "per axis",
        padding: "replaced",
      });
      await once(`${folder}/${id}_mr.json`, key, async () => {
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
      });
      done++;
    }
    subjects.push({
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
    });
  }
  onProgress?.(total, total, "");
  const path = `${folder}/cohort.json`;
  await writeManifest(path, { ...manifest, subjects });
  return path;
}

async function realFiles(files: LabelFiles): Promise<LabelFiles> {
  if (typeof files === "string") return await Deno.realPath(files);
  if (isRenumbered(files)) return { file: await Deno.realPath(files.file), ids: files.ids };
  const found: Record<string, string> = {};
  for (const [id, file] of Object.entries(files)) found[id] = await Deno.realPath(file);
  return found;
}
