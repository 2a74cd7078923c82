/**
 * One piece of a phantom cohort: one image of one subject with its labels; for a pair also the true image of
 * the other modality on the same grid, and with the MR the true displacement.
 *
 * @module
 */

import { writeDisplacementField, writeLabelVolume, writeVolume } from "../../volume/write_nifti.ts";
import type { SubjectPlan } from "./cohort_plan.ts";
import { type Modality, otherModality } from "../../volume/modality.ts";
import { imageGrid, renderImage, trueDisplacement } from "./imaging.ts";
import { trueImage } from "./true_image.ts";

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
): { image: string; labels: string; truth: string; trueOther: string } {
  return {
    image: `${id}_${modality}.nii.gz`,
    labels: `${id}_${modality}_labels.nii.gz`,
    truth: `${id}_truth.nii.gz`,
    // The true image of the other modality in this image's geometry.
    trueOther: `${id}_true_${otherModality(modality)}.nii.gz`,
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
  const other = otherModality(modality);
  if (images[other] === undefined) return;
  await writeVolume(`${out}/${files.trueOther}`, trueImage(subject, other, grid), {
    type: "int16",
    description: `phantom ${id}, true ${other}`,
  });
  if (modality === "mr") {
    const truth = trueDisplacement(body, plan, images.ct!, grid);
    await writeDisplacementField(`${out}/${files.truth}`, truth);
  }
}
