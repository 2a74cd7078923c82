/**
 * A cohort's subjects as the study takes them: cut to a region, with labels and truth.
 *
 * @module
 */

import type { Region } from "../cohort/label_scheme.ts";
import type { LabelFiles, Manifest, ManifestSubject } from "../cohort/manifest.ts";
import { readLabels } from "../cohort/read_labels.ts";
import type { Gpu } from "../kernels/gpu.ts";
import { readDisplacementField, readVolume } from "../volume/mod.ts";
import type { RegionPair } from "./pair_registration.ts";
import { cutRegion } from "./regions.ts";

/** A cohort's paired subjects. */
export function pairedSubjects({ subjects }: Manifest): ManifestSubject[] {
  return subjects.filter(({ kind }) => kind === "paired");
}

/**
 * Reads a paired subject and cuts a region from both images.
 *
 * @param voxel - Isotropic voxel size, mm.
 * @throws {RangeError} when it lacks labels.
 */
export async function readRegionPair(
  gpu: Gpu,
  subject: ManifestSubject,
  region: Region,
  voxel: number,
): Promise<RegionPair> {
  const { images, labels, truth, exclude } = subject;
  if (!images.mr || !images.ct || !labels.mr || !labels.ct) {
    throw new RangeError(`Subject ${subject.id} needs MR and CT, both with labels`);
  }
  const cut = async (image: string, files: LabelFiles) => {
    const whole = { image: await readVolume(image), labels: await readLabels(files) };
    return await cutRegion(gpu, whole, region, voxel);
  };
  return {
    fixed: await cut(images.mr, labels.mr),
    moving: await cut(images.ct, labels.ct),
    region,
    ...(truth !== undefined && { truth: await readDisplacementField(truth) }),
    excluded: [...exclude?.mr ?? [], ...exclude?.ct ?? []],
  };
}
