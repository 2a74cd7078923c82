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
/** The folders `ct`, `train_mr`, `ct_labels` and so on. */
const IN_FOLDER = new RegExp(`^(train_)?${CONTENTS}$`, "i");
const LABELS_IN_NAME = /^(.*)_labels$/is;

interface NamedFile {
  readonly id: string;
  readonly modality: Modality;
  readonly isLabels: boolean;
  /** True in the folders of the training: an MR with the name of a CT is of another patient. */
  readonly isTraining: boolean;
  /** The folder in which the files of the subject lie, or the folders of its kinds of files. */
  readonly place: string;
}

/** What a path says about its file; undefined if it says nothing. */
function namedFile(path: string): NamedFile | undefined {
  const parts = path.normalize().split("/");
  const name = parts.at(-1)!.replace(IMAGE_SUFFIX, "");
  const folder = parts.at(-2);
  const file = (id: string, modality: string, labels: string | undefined) => ({
    id,
    modality: modality.toLowerCase() as Modality,
    isLabels: labels !== undefined,
    isTraining: false,
    place: parts.slice(0, -1).join("/"),
  });
  const inName = IN_NAME.exec(name);
  if (inName !== null) return file(inName[1], inName[2], inName[3]);
  if (folder === undefined) return undefined;
  const whole = WHOLE.exec(name);
  if (whole !== null) return file(folder, whole[1], whole[2]);
  const inFolder = IN_FOLDER.exec(folder);
  if (inFolder === null) return undefined;
  const [, training, modality, labels] = inFolder;
  const labelled = LABELS_IN_NAME.exec(name);
  return {
    ...file(labelled?.[1] ?? name, modality, labels ?? labelled?.[0]),
    isTraining: training !== undefined,
    place: parts.slice(0, -2).join("/"),
  };
}

/** The subjects in a list of files that are named by one of the three conventions. */
export function ownCohort(paths: readonly string[]): FoundCohort {
  const remarks: string[] = [];
  type Files = Record<"images" | "labels" | "places", Partial<Record<Modality, string>>>;
  const subjects = new Map<string, Files>();
  const training = trainingIds(paths);
  for (const path of paths) {
    const named = namedFile(path);
    if (named === undefined) {
      remarks.push(
        `${path} is left out: its name does not end in _ct, _mr, _ct_labels or _mr_labels, and neither its name ` +
          "nor its folder's is one of ct, mr, ct_labels and mr_labels",
      );
      continue;
    }
    const { modality, isLabels, isTraining, place } = named;
    const isOfTwo = isTraining && training.ct.has(named.id) && training.mr.has(named.id);
    const id = isOfTwo ? `${named.id}_${modality}` : named.id;
    if (!isSubjectId(id)) {
      remarks.push(`${path} is left out: its subject's name "${id}" ${SUBJECT_ID_RULE}`);
      continue;
    }
    const files: Files = subjects.get(id) ?? { images: {}, labels: {}, places: {} };
    const kind = isLabels ? files.labels : files.images;
    if (!isLabels) files.places[modality] ??= place;
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
  for (const [id, { images, labels, places }] of subjects) {
    if (places.ct !== undefined && places.mr !== undefined && places.ct !== places.mr) {
      remarks.push(
        `${images.ct} and ${images.mr} are a pair by their names, from two folders: give one of them another name if ` +
          "they are of two patients",
      );
    }
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

/** The names in the folders of the training, by modality. */
function trainingIds(paths: readonly string[]): Record<Modality, Set<string>> {
  const ids = { ct: new Set<string>(), mr: new Set<string>() };
  for (const path of paths) {
    const named = namedFile(path);
    if (named?.isTraining) ids[named.modality].add(named.id);
  }
  return ids;
}
