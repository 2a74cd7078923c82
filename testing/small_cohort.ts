/**
 * A phantom cohort of few subjects.
 *
 * @module
 */

import { type ManifestSubject, writeManifest } from "../cohort/manifest.ts";
import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { filesOf, runJob } from "../cohort/phantom/phantom_job.ts";
import { MODALITIES } from "../volume/modality.ts";

/**
 * Writes some subjects of the smoke phantom, the same as in the whole cohort.
 *
 * @param out - The folder, which must exist.
 * @param ids - The subjects, such as "paired-01" or "ct-01".
 * @returns The path of the manifest.
 */
export async function writeSmallCohort(out: string, ids: readonly string[]): Promise<string> {
  const seed = 1;
  const plan = planCohort({ profile: "smoke", seed });
  const subjects: ManifestSubject[] = [];
  for (const subject of plan.subjects.filter(({ id }) => ids.includes(id))) {
    const { id, kind } = subject;
    const images: Record<string, string> = {};
    const labels: Record<string, string> = {};
    for (const modality of MODALITIES) {
      if (subject.images[modality] === undefined) continue;
      await runJob({ out, subject, modality });
      const files = filesOf(id, modality);
      images[modality] = files.image;
      labels[modality] = files.labels;
    }
    const truth = kind === "paired" ? filesOf(id, "mr").truth : undefined;
    const trueImages = kind === "paired"
      ? { ct: filesOf(id, "mr").trueOther, mr: filesOf(id, "ct").trueOther }
      : undefined;
    subjects.push({ id, kind, images, labels, truth, trueImages });
  }
  const path = `${out}/cohort.json`;
  await writeManifest(path, {
    format: "crosswarp-cohort",
    version: 1,
    profile: "small",
    seed,
    subjects,
  });
  return path;
}
