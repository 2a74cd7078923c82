/**
 * The parts of the body that a cohort can be studied in.
 *
 * @module
 */

import { type Manifest, ManifestError } from "../cohort/manifest.ts";
import type { ImageRegion } from "../workflows/body_region.ts";
import { REGIONS } from "./grid_search/plan.ts";

/**
 * The paper's two regions if all subjects have labels, the whole images if none has.
 *
 * @throws {ManifestError} when no subject is paired, or some have labels and others have none.
 */
export function studyRegions({ subjects }: Manifest): readonly ImageRegion[] {
  if (!subjects.some(({ kind }) => kind === "paired")) {
    throw new ManifestError(
      'The cohort has no subject of kind "paired", whose images could be registered; ' +
        "add subjects with both a CT and an MR",
    );
  }
  const without = subjects.filter(({ images, labels }) =>
    (["ct", "mr"] as const).some((modality) => images[modality] && !labels[modality])
  );
  if (without.length === 0) return REGIONS;
  if (subjects.every(({ labels }) => !labels.ct && !labels.mr)) return ["all"];
  throw new ManifestError(
    `Some subjects have labels, and ${
      without.map(({ id }) => id).join(", ")
    } lack them for an image: ` +
      "give labels to all, to study thorax and abdomen, or to none, to study whole images",
  );
}

/** Returns true if the regions come from labels. Without labels the study uses whole images and scores no overlap. */
export function areLabelled(regions: readonly ImageRegion[]): boolean {
  return !regions.includes("all");
}
