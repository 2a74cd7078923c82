/**
 * Task 1 of SynthRAD2025 as a cohort: a folder as the challenge distributes it becomes a manifest's subjects.
 *
 * Each patient has a folder with `ct.mha`, `mr.mha` and `mask.mha`, below the folder of the region: `AB/1ABA001/ct.mha`.
 * The name has the number of the task, the region (AB, HN or TH), the centre (A to E) and three digits (Thummerer et
 * al. 2025, arXiv:2502.17609). The images of a patient are registered rigidly, and have no labels.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import { type FoundCohort, kindOf, leftOut, NO_LABELS } from "./layout.ts";

const FILE = /(?:^|\/)(1(?:AB|HN|TH)[A-E]\d{3})\/(ct|mr|mask)\.(?:mha|nii\.gz)$/;

/** Returns true if a file has the name of an image of SynthRAD2025's Task 1. */
export function isSynthRadImage(path: string): boolean {
  return ["ct", "mr"].includes(FILE.exec(path)?.[2] ?? "");
}

/** The subjects in a list of the files of Task 1. A patient with both images is a paired subject. */
export function synthRadCohort(paths: readonly string[]): FoundCohort {
  const patients = new Map<string, Partial<Record<Modality, string>>>();
  const remarks: string[] = [];
  let masks = 0;
  let others = 0;
  for (const path of [...paths].sort()) {
    const [, id, sort] = FILE.exec(path) ?? [];
    if (sort === undefined) others++;
    else if (sort === "mask") masks++;
    else {
      const found = patients.get(id) ?? {};
      const modality = sort as Modality;
      if (found[modality] === undefined) patients.set(id, { ...found, [modality]: path });
      else remarks.push(`${id} has a second ${sort.toUpperCase()}, ${path}: the first is taken`);
    }
  }
  remarks.push(...leftOut(masks, "mask", "a manifest has none"));
  remarks.push(...leftOut(others, "file", "its name is not one of SynthRAD2025's Task 1"));
  remarks.push(NO_LABELS);
  const subjects = [...patients].map(([id, images]) => ({
    id,
    kind: kindOf(images),
    images,
    labels: {},
  }));
  return { subjects, remarks, problems: [] };
}
