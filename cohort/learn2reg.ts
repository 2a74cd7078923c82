/**
 * Learn2Reg's AbdomenMRCT as a cohort: a folder as the challenge distributes it becomes a manifest's subjects.
 *
 * Images are named `imagesTr/AbdomenMRCT_0001_0000.nii.gz` (MR) and `..._0001.nii.gz` (CT), and the label images and
 * masks alike below `labelsTr` and `masksTr`. The facts are from the dataset's JSON file and from the evaluation of
 * github.com/MDL-UzL/L2R (`evaluation/evaluation_configs/AbdomenMRCT_VAL_evaluation_config.json`).
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import { type FoundCohort, kindOf, LABELS_FOR_ALL, leftOut, NO_LABELS } from "./layout.ts";
import type { LabelFiles, ManifestSubject } from "./manifest.ts";

const FILE = /(?:^|\/)(images|labels|masks)(Tr|Ts)\/AbdomenMRCT_(\d{4})_000([01])\.nii\.gz$/;

const MODALITY_OF: Readonly<Record<string, Modality>> = { "0": "mr", "1": "ct" };

/** The label ids of the study for those of the dataset: liver, spleen, right kidney and left kidney. */
const IDS: Readonly<Record<string, number>> = { "1": 58, "2": 86, "3": 29662, "4": 29663 };

/** Returns true if a file has the name of an image of AbdomenMRCT. */
export function isLearn2RegImage(path: string): boolean {
  return FILE.exec(path)?.[1] === "images";
}

/**
 * The subjects in a list of the files of AbdomenMRCT. A patient with both images is a paired subject. The test images
 * (`imagesTs`) are left out if others have labels: only the labels of `labelsTr` have the ids of the four organs.
 */
export function learn2RegCohort(paths: readonly string[]): FoundCohort {
  const images = new Map<string, Partial<Record<Modality, string>>>();
  const labels = new Set(paths.filter((path) => /^labels,Tr/.test(partsOf(path).join())));
  const isLabelled = labels.size > 0;
  const remarks: string[] = [];
  const tests: string[] = [];
  let masks = 0;
  let others = 0;
  for (const path of [...paths].sort()) {
    const [sort, set, id, number] = partsOf(path);
    const modality = MODALITY_OF[number];
    if (sort === undefined) others++;
    else if (sort === "masks") masks++;
    else if (set === "Ts" && (isLabelled || sort === "labels")) tests.push(path);
    else if (sort === "labels") continue;
    else if (images.get(id)?.[modality] !== undefined) {
      remarks.push(`${id} has a second ${modality.toUpperCase()}, ${path}: the first is taken`);
    } else images.set(id, { ...images.get(id), [modality]: path });
  }
  remarks.push(...leftOut(
    tests.length,
    "test file",
    "only the labels of the training set have the ids of the four organs",
  ));
  remarks.push(...leftOut(masks, "mask", "a manifest has none"));
  remarks.push(...leftOut(others, "file", "its name is not one of AbdomenMRCT"));
  if (!isLabelled) remarks.push(NO_LABELS);
  const subjects = [...images].flatMap(([id, found]): ManifestSubject[] => {
    const kept: Partial<Record<Modality, string>> = {};
    const labelsOf: Partial<Record<Modality, LabelFiles>> = {};
    for (const modality of ["ct", "mr"] as const) {
      const image = found[modality];
      if (image === undefined) continue;
      const file = labelsPath(image);
      if (isLabelled && !labels.has(file)) {
        const whose = `${id}'s ${modality.toUpperCase()}`;
        remarks.push(`${whose} has no labels: it is left out, ${LABELS_FOR_ALL}`);
        continue;
      }
      kept[modality] = image;
      if (isLabelled) labelsOf[modality] = { file, ids: IDS };
    }
    if (kept.ct === undefined && kept.mr === undefined) return [];
    return [{ id, kind: kindOf(kept), images: kept, labels: labelsOf }];
  });
  const taken = new Set(
    subjects.flatMap((subject) => Object.values(subject.images)).map(labelsPath),
  );
  for (const file of labels) {
    if (!taken.has(file)) remarks.push(`${file} is left out: its image is not taken or not there`);
  }
  return { subjects, remarks, problems: [] };
}

/** The sort of a file (images, labels or masks), its set, the patient and the modality; none of another file. */
function partsOf(path: string): string[] {
  return FILE.exec(path)?.slice(1) ?? [];
}

/** The path of the labels of an image of the training set. */
function labelsPath(image: string): string {
  return image.replace(/imagesTr(?=\/[^/]*$)/, "labelsTr");
}
