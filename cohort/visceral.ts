/**
 * VISCERAL Anatomy3 as a cohort: a folder as the challenge ships it becomes a manifest's subjects.
 *
 * Volumes are named `10000067_1_CT_wb.nii.gz` and `10000067_1_MRT1_wb.nii.gz`, segmentations
 * `<volume>_<RadLex id>_<annotator>.nii.gz`, one mask a structure. Section 2 of the paper takes the
 * unenhanced whole-body CT and MR-T1 images.
 *
 * @module
 */

import { type ByModality, MODALITIES, type Modality } from "../volume/modality.ts";
import CORRECTIONS from "./visceral_corrections.json" with { type: "json" };
import { STRUCTURES } from "./label_scheme.ts";
import { type FoundCohort, kindOf, LABELS_FOR_ALL } from "./layout.ts";
import { isRenumbered, type ManifestSubject } from "./manifest.ts";

/** The corrections of section 2: labels that were swapped, and labels left out of the scores. */
interface Correction {
  readonly swap?: ByModality<readonly number[]> | undefined;
  readonly exclude?: ByModality<readonly number[]> | undefined;
}

const MODALITY_WORDS: Readonly<Record<string, Modality>> = { CT: "ct", MRT1: "mr" };
const VOLUME = /^(\d+)_(\d+)_([A-Za-z0-9]+)_wb\.nii(\.gz)?$/;
const MASK = /^(\d+)_(\d+)_([A-Za-z0-9]+)_wb_(\d+)_(\d+)\.nii(\.gz)?$/;

/** Returns true if a file has the name of a VISCERAL volume. */
export function isVisceralVolume(path: string): boolean {
  return VOLUME.test(nameOf(path));
}

/**
 * The subjects in a list of VISCERAL's files, the paper's corrections applied. A patient with both images is
 * a paired subject.
 *
 * @example Usage
 * ```ts
 * import { visceralCohort } from "./visceral.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { subjects } = visceralCohort([
 *   "volumes/10000005_1_CT_wb.nii.gz",
 *   "segmentations/10000005_1_CT_wb_58_7.nii.gz",
 * ]);
 * assertEquals(subjects[0].id, "10000005");
 * assertEquals(subjects[0].labels.ct, { "58": "segmentations/10000005_1_CT_wb_58_7.nii.gz" });
 * ```
 */
export function visceralCohort(paths: readonly string[]): FoundCohort {
  const images = new Map<string, Partial<Record<Modality, string>>>();
  // By the volume's name: a patient's second examination has separate masks.
  const masks = new Map<string, Record<string, string>>();
  const remarks: string[] = [];
  const known = new Set<string>(STRUCTURES.map(({ label }) => String(label)));
  const ignored = new Map<string, number>();
  for (const path of [...paths].sort()) {
    const name = nameOf(path);
    const volume = VOLUME.exec(name);
    const mask = MASK.exec(name);
    const [, patient, session, kind, radlex] = mask ?? volume ?? [];
    const modality = MODALITY_WORDS[kind];
    if (modality === undefined) {
      if (kind !== undefined) ignored.set(kind, (ignored.get(kind) ?? 0) + 1);
      continue;
    }
    if (volume !== null) {
      const found = images.get(patient) ?? {};
      if (found[modality] !== undefined) {
        remarks.push(`${patient} has a second ${kind}, ${path}: the first is taken`);
      } else {
        images.set(patient, { ...found, [modality]: path });
      }
    } else if (known.has(radlex)) {
      const of = `${patient}_${session}_${kind}_wb`;
      const found = masks.get(of) ?? {};
      if (found[radlex] !== undefined) {
        remarks.push(
          `${patient}'s ${kind} has a second mask of ${radlex}, ${path}: the first is taken`,
        );
      } else {
        masks.set(of, { ...found, [radlex]: path });
      }
    }
  }
  for (const [kind, count] of ignored) {
    remarks.push(
      `${count} file${count > 1 ? "s" : ""} of ${kind} left out: the study takes CT and MRT1`,
    );
  }
  const isLabelled = masks.size > 0;
  const ids = [...images.keys()].sort();
  const subjects = ids.flatMap((id): ManifestSubject[] => {
    const paths = { ...images.get(id)! };
    const correction: Correction = (CORRECTIONS as Record<string, Correction>)[id] ?? {};
    const labels: Partial<Record<Modality, Record<string, string>>> = {};
    for (const modality of MODALITIES) {
      if (paths[modality] === undefined) continue;
      const found = masks.get(nameOf(paths[modality]).replace(/\.nii(\.gz)?$/, ""));
      if (found === undefined) {
        const left = isLabelled ? `: it is left out, ${LABELS_FOR_ALL}` : "";
        remarks.push(`${id}'s ${modality.toUpperCase()} has no segmentations${left}`);
        if (isLabelled) delete paths[modality];
        continue;
      }
      const missing = STRUCTURES.filter(({ label }) => found[label] === undefined);
      if (missing.length > 0) {
        const names = missing.map(({ name }) => name).join(", ");
        remarks.push(`${id}'s ${modality.toUpperCase()} has no segmentation of: ${names}`);
      }
      labels[modality] = swapped(found, correction.swap?.[modality]);
    }
    if (!paths.ct && !paths.mr) return [];
    const exclude = onlyFor(paths, correction.exclude);
    return [{
      id,
      kind: kindOf(paths),
      images: paths,
      labels,
      exclude,
    }];
  });
  return { subjects, remarks, problems: [] };
}

/**
 * The corrections in a cohort, one sentence each: labels that were exchanged, which the names of VISCERAL's files show,
 * and labels that the scores leave out.
 */
export function correctionsOf(subjects: readonly ManifestSubject[]): string[] {
  return subjects.flatMap(({ id, labels, exclude }) =>
    MODALITIES.flatMap((modality) => {
      const whose = `${id}'s ${modality.toUpperCase()}`;
      const files = labels[modality];
      const exchanged = typeof files === "object" && !isRenumbered(files)
        ? Object.keys(files).filter((label) => isOfOther(label, files[label]))
        : [];
      const left = exclude?.[modality] ?? [];
      const sentences: string[] = [];
      if (exchanged.length > 0) {
        sentences.push(
          `${whose}: the labels of ${
            structuresIn(exchanged)
          } are exchanged, because its files have them on the ` +
            "wrong sides",
        );
      }
      if (left.length > 0) {
        sentences.push(`${whose}: the scores leave out ${structuresIn(left.map(String))}`);
      }
      return sentences;
    })
  );
}

/** Returns true if VISCERAL's name of a mask has another label than the one that it stands for. */
function isOfOther(label: string, path: string): boolean {
  const [, , , , found] = MASK.exec(nameOf(path)) ?? [];
  return found !== undefined && found !== label;
}

/** The names of structures by their labels; a label without a structure stands for itself. */
function structuresIn(labels: readonly string[]): string {
  const nameOfLabel = (label: string) =>
    STRUCTURES.find((one) => String(one.label) === label)?.name ?? `label ${label}`;
  return labels.map(nameOfLabel).join(" and ");
}

/** Masks with two labels' files exchanged. */
function swapped(
  masks: Record<string, string>,
  pair: readonly number[] | undefined,
): Record<string, string> {
  if (pair === undefined) return masks;
  const [a, b] = pair.map(String);
  const exchanged = { ...masks };
  for (const [to, from] of [[a, b], [b, a]]) {
    if (masks[from] === undefined) delete exchanged[to];
    else exchanged[to] = masks[from];
  }
  return exchanged;
}

function onlyFor(
  paths: Partial<Record<Modality, string>>,
  exclude: Correction["exclude"],
): Correction["exclude"] {
  const kept = Object.entries(exclude ?? {}).filter(([modality]) => paths[modality as Modality]);
  return kept.length === 0 ? undefined : Object.fromEntries(kept);
}

function nameOf(path: string): string {
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1);
}
