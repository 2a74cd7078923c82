/**
 * One piece of a phantom cohort: one image of one subject, with its labels and, for a pair's MR, the truth.
 *
 * @module
 */

import { writeDisplacementField, writeLabelVolume, writeVolume } from "../../volume/write_nifti.ts";
import type { SubjectPlan } from "./cohort_plan.ts";
import type { Modality } from "../../volume/modality.ts";
import { imageGrid, renderImage, trueDisplacement } from "./imaging.ts";

/** An image to render, and the files to write. */
export interface PhantomJob {
  /** The cohort's folder. */
  readonly out: string;
  /** Whom. */
  readonly subject: SubjectPlan;
  /** The modality of the image. */
  readonly modality: Modality;
}

/** Names of an image's files in the cohort's folder. */
export function filesOf(
  id: string,
  modality: Modality,
): { image: string; labels: string; truth: string } {
  return {
    image: `${id}_${modality}.nii.gz`,
    labels: `${id}_${modality}_labels.nii.gz`,
    truth: `${id}_truth.nii.gz`,
  };
}

/** Renders and writes. */
export async function runJob({ out, subject, modality }: PhantomJob): Promise<void> {
  const { body, images, id } = subject;
  const plan = images[modality]!;
  const grid = imageGrid(body, plan);
  const files = filesOf(id, modality);
  const { image, labels } = renderImage(body, plan, grid);
  await writeVolume(`${out}/${files.image}`, image, {
    type: "int16",
    description: `phantom ${id}`,
  });
  await writeLabelVolume(`${out}/${files.labels}`, labels);
  if (modality === "mr" && images.ct !== undefined) {
    const truth = trueDisplacement(body, plan, images.ct, grid);
    await writeDisplacementField(`${out}/${files.truth}`, truth);
  }
}
