/**
 * The parts that all layouts of a cohort's folder share: those of VISCERAL, Learn2Reg, SynthRAD2025 and BIDS, and one's
 * own files.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { FileProblem, ManifestSubject } from "./manifest.ts";

/** The subjects, and remarks on the files. */
export interface FoundCohort {
  /** The subjects, paths as given. */
  readonly subjects: readonly ManifestSubject[];
  /** Remarks on missing or unusual files, one sentence each. */
  readonly remarks: readonly string[];
  /** Links that lead to nothing, and folders that cannot be read. */
  readonly problems: readonly FileProblem[];
}

/** The reason for leaving out an image without labels if others have labels. */
export const LABELS_FOR_ALL = "since the study takes labels of all images or of none";

/** The remark on a cohort without labels. */
export const NO_LABELS =
  "No image has labels: the study takes whole images, without Table 1 and Dice";

/** The kind of a subject, by its images; it has one at least. */
export function kindOf(images: Partial<Record<Modality, string>>): ManifestSubject["kind"] {
  if (images.ct !== undefined && images.mr !== undefined) return "paired";
  return images.ct !== undefined ? "ct" : "mr";
}

/** The sentence that files of a sort are left out; none if there are none. */
export function leftOut(count: number, what: string, why: string): string[] {
  if (count === 0) return [];
  return [`${count} ${what}${count === 1 ? " is" : "s are"} left out: ${why}`];
}
