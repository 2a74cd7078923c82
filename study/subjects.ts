/**
 * Reads a cohort's subjects for the study: cut to a region, with labels and truth.
 *
 * @module
 */

import type { LabelFiles, Manifest, ManifestSubject } from "../cohort/manifest.ts";
import { readLabels } from "../cohort/read_labels.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { readDisplacementField, readVolume } from "../volume/mod.ts";
import type { RegionPair } from "./scores/pair_registration.ts";
import { withPaddingReplaced } from "../volume/padding.ts";
import { cutRegion, type ImageRegion, resampleIsotropic } from "../workflows/body_region.ts";

/** A cohort's paired subjects. */
export function pairedSubjects({ subjects }: Manifest): ManifestSubject[] {
  return subjects.filter(({ kind }) => kind === "paired");
}

/**
 * Reads a paired subject and cuts a region from both images; whole images have labels of 0.
 *
 * @param voxel - Isotropic voxel size, mm.
 * @throws {RangeError} when the subject lacks labels, or they hold no structure of the region.
 */
export async function readRegionPair(
  gpu: Gpu,
  subject: ManifestSubject,
  region: ImageRegion,
  voxel: number,
): Promise<RegionPair> {
  const { images, labels, truth, exclude, trust } = subject;
  if (!images.mr || !images.ct || (region !== "all" && (!labels.mr || !labels.ct))) {
    throw new RangeError(`Subject ${subject.id} needs MR and CT, both with labels`);
  }
  const cut = async (path: string, files: LabelFiles | undefined) => {
    const image = withPaddingReplaced(await readVolume(path, { trust }));
    if (region !== "all") {
      try {
        return await cutRegion(
          gpu,
          { image, labels: await readLabels(files!, { trust }) },
          region,
          voxel,
        );
      } catch (cause) {
        if (!(cause instanceof RangeError)) throw cause;
        throw new RangeError(`Subject ${subject.id}, ${path}: ${cause.message}`, { cause });
      }
    }
    const whole = await resampleIsotropic(gpu, image, voxel);
    return { image: whole, labels: { grid: whole.grid, data: new Int32Array(whole.data.length) } };
  };
  return {
    fixed: await cut(images.mr, labels.mr),
    moving: await cut(images.ct, labels.ct),
    region,
    truth: truth !== undefined ? await readDisplacementField(truth, { trust }) : undefined,
    excluded: [...exclude?.mr ?? [], ...exclude?.ct ?? []],
  };
}
