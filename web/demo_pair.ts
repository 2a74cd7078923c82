/**
 * The pair of the demonstration: a phantom's MR and CT with their labels, made on this computer.
 *
 * @module
 */

import { type CohortPlan, planCohort } from "../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import type { Modality } from "../volume/modality.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";

/** Voxel size, mm: the pair is made in seconds and registered in seconds on a processor, too. */
const VOXEL = 6;

/** An image with its labels. */
export interface LabelledImage {
  /** The image. */
  readonly image: Volume;
  /** The labels on its grid. */
  readonly labels: LabelVolume;
}

/**
 * Renders the image of one modality of the second paired phantom: the MR at exhale, the CT at inhale.
 *
 * @param modality - The modality.
 * @param voxel - Voxel size, mm. Default 6.
 */
export function demoImage(modality: Modality, voxel: number = VOXEL): LabelledImage {
  const plan: CohortPlan = planCohort({ profile: "quick", seed: 1, breathing: "by-modality" });
  const subject = plan.subjects.filter(({ kind }) => kind === "paired")[1];
  const image = { ...subject.images[modality]!, voxel: [voxel, voxel, voxel] as const };
  return renderImage(subject.body, image, imageGrid(subject.body, image));
}
