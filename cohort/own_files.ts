/**
 * One's own files as a cohort. A name says the subject and the contents in one of three ways: `anna_ct.nii.gz`,
 * `anna/ct.nii.gz` or `ct/anna.nii.gz`; with `mr`, `ct_labels` or `mr_labels` in the place of `ct` likewise.
 *
 * @module
 */

import { IMAGE_SUFFIX } from "../volume/image_suffix.ts";
import type { Modality } from "../volume/modality.ts";
import { type FoundCohort, kindOf, LABELS_FOR_ALL, NO_LABELS } from "./layout.ts";
import { isSubjectId, type ManifestSubject, SUBJECT_ID_RULE } from "./manifest.ts";

const CONTENTS = "(ct|mr)(_labels)?";
const IN_NAME = new RegExp(`^(.*)_${CONTENTS}$`, "is");
const WHOLE = new RegExp(`^${CONTENTS}$`, "i");
/** Folders such as `ct`, `train_mr` and `ct_labels`. */
const IN_FOLDER = new RegExp(`^(?:.*_)?${CONTENTS}$`, "is");

interface NamedFile {
  readonly id: string;
  readonly modality: Modality;
  readonly isLabels: boolean;
}

/** What a path says about its file; undefined if it says nothing. */
function namedFile(path: string): NamedFile | undefined {
  const parts = path.normalize().split("/");
  const name = parts.at(-1)!.replace(IMAGE_SUFFIX, "");
  const folder = parts.at(-2);
  const file = (id: string, modality: string, labels: string | undefined): NamedFile => ({
    id,
    modality: modality.toLowerCase() as Modality,
    isLabels: labels !== undefined,
  });
  const inName = IN_NAME.exec(name);
  if (inName !== null) return file(inName[1], inName[2], inName[3]);
  if (folder === undefined) return undefined;
  const whole = WHOLE.exec(name);
  if (whole !== null) return file(folder, whole[1], whole[2]);
  const inFolder = IN_FOLDER.exec(folder);
  return inFolder === null ? undefined : file(name, inFolder[1], inFolder[2]);
}

/** The subjects in a list of files that are named by one of the three conventions. */
export function ownCohort(paths: readonly string[]): FoundCohort {
  const remarks: string[] = [];
  type Files = Record<"images" | "labels", Partial<Record<Modality, string>>>;
  const subjects = new Map<string, Files>();
  for (const path of paths) {
    const named = namedFile(path);
    if (named === undefined) {
      remarks.push(
        `${path} is left out: its name does not end in _ct, _mr, _ct_labels or _mr_labels, and neither its name ` +
          "nor its folder's is one of ct, mr, ct_labels and mr_labels",
      );
      continue;
    }
    const { id, modality, isLabels } = named;
    if (!isSubjectId(id)) {
      remarks.push(`${path} is left out: its subject's name "${id}" ${SUBJECT_ID_RULE}`);
      continue;
    }
    const files: Files = subjects.get(id) ?? { images: {}, labels: {} };
    const kind = isLabels ? files.labels : files.images;
    if (kind[modality] === undefined) kind[modality] = path;
    else remarks.push(`${path} is left out: ${kind[modality]} is the same subject's`);
    subjects.set(id, files);
  }
  const isLabelled = [...subjects.values()].some(({ images, labels }) =>
    (images.ct && labels.ct) ?? (images.mr && labels.mr)
  );
  if (!isLabelled && subjects.size > 0) {
    remarks.push(NO_LABELS);
  }
  const kept: ManifestSubject[] = [];
  for (const [id, { images, labels }] of subjects) {
    for (const modality of ["ct", "mr"] as const) {
      if (labels[modality] !== undefined && images[modality] === undefined) {
        remarks.push(`${labels[modality]} is left out: there is no image for it`);
        delete labels[modality];
      }
      if (isLabelled && labels[modality] === undefined && images[modality] !== undefined) {
        remarks.push(
          `${id}'s ${modality.toUpperCase()} has no labels: it is left out, ${LABELS_FOR_ALL}`,
        );
        delete images[modality];
      }
    }
    if (images.ct === undefined && images.mr === undefined) continue;
    kept.push({ id, kind: kindOf(images), images, labels });
  }
  return { subjects: kept, remarks, problems: [] };
}
