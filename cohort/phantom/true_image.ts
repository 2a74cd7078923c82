/**
 * The true image of a paired body: what an ideal synthesis of the other modality would show.
 *
 * @module
 */

import type { Grid } from "../../volume/grid.ts";
import { type Modality, otherModality } from "../../volume/modality.ts";
import type { Volume } from "../../volume/volume.ts";
import type { SubjectPlan } from "./cohort_plan.ts";
import { renderImage, trueImagePlan } from "./imaging.ts";

/**
 * Renders a paired subject in one modality, in the posture and breath of the subject's image of the other
 * modality: the true MR of the body that the CT shows, or the true CT of the body that the MR shows.
 *
 * The tissues have the intensities and the texture of the subject's image of this modality. The image has
 * the voxels and the partial volume of the grid. It has neither noise nor a bias field, because these belong
 * to one acquisition: no synthesis can know them.
 *
 * @param of - The modality of the true image.
 * @param grid - The grid of the subject's image of the other modality.
 * @returns CT in HU, MR in units of signal (fat is about 1000).
 * @throws {RangeError} when the subject has not both images.
 *
 * @example Usage
 * ```ts
 * import { planCohort } from "./cohort_plan.ts";
 * import { imageGrid } from "./imaging.ts";
 * import { trueImage } from "./true_image.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const subject = planCohort({ profile: "smoke", seed: 1 }).subjects.find(({ id }) => id === "paired-01")!;
 * const grid = imageGrid(subject.body, subject.images.ct!);
 * const mr = trueImage(subject, "mr", grid);
 * assertEquals([mr.data.length, mr.data[0]], [grid.voxels, 0]);
 * ```
 */
export function trueImage({ id, body, images }: SubjectPlan, of: Modality, grid: Grid): Volume {
  const shown = images[of];
  const seen = images[otherModality(of)];
  if (shown === undefined || seen === undefined) {
    throw new RangeError(`Subject ${id} has not both images: only a pair has true images`);
  }
  return renderImage(body, trueImagePlan(shown, seen), grid).image;
}
