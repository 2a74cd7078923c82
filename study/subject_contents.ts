/**
 * Keys of the contents of a subject's files, independent of the paths.
 *
 * @module
 */

import { isRenumbered, type LabelFiles, type ManifestSubject } from "../cohort/manifest.ts";
import { contentHash, keyOf } from "./run_folder.ts";

/** A key of the contents of a subject's images, labels (each under its id) and truth. */
export async function subjectKeyOf(
  { kind, images, labels, truth, trust }: Omit<ManifestSubject, "id">,
): Promise<string> {
  const hash = async (path: string | undefined) =>
    path === undefined ? null : await contentHash(path);
  const ofLabels = async (files: LabelFiles | undefined) => {
    if (files === undefined || typeof files === "string") return await hash(files);
    if (isRenumbered(files)) return { file: await hash(files.file), ids: files.ids };
    const hashes: [string, string | null][] = [];
    for (const id of Object.keys(files).sort()) hashes.push([id, await hash(files[id])]);
    return hashes;
  };
  return await keyOf({
    kind,
    ct: await hash(images.ct),
    mr: await hash(images.mr),
    truth: await hash(truth),
    trust,
    labels: { ct: await ofLabels(labels.ct), mr: await ofLabels(labels.mr) },
  });
}

/** The keys of a cohort's subjects by their names. */
export async function subjectKeys(
  subjects: readonly ManifestSubject[],
): Promise<Record<string, string>> {
  const keys: Record<string, string> = {};
  for (const subject of subjects) keys[subject.id] = await subjectKeyOf(subject);
  return keys;
}
