/**
 * Makes a cohort from a folder of files, named as VISCERAL's or by a simple convention.
 *
 * @module
 */

import type { Modality } from "../volume/modality.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { readVolume } from "../volume/read_nifti.ts";
import { STRUCTURES } from "./label_scheme.ts";
import { ManifestError, type ManifestSubject } from "./manifest.ts";
import { readLabels } from "./read_labels.ts";
import { type FoundCohort, isVisceralVolume, LABELS_FOR_ALL, visceralCohort } from "./visceral.ts";

/** Names of files by the simple convention: `anna_ct.nii.gz`, `anna_mr.nii.gz`, `anna_ct_labels.nii.gz`, ... */
const OWN = /^([A-Za-z0-9][\w.-]*?)_(ct|mr)(_labels)?\.nii(\.gz)?$/i;

/**
 * Finds the subjects in a folder and its subfolders. Returned paths are relative to the folder.
 *
 * @throws {ManifestError} when the folder cannot be read or holds no image with such a name.
 */
export async function findCohort(folder: string): Promise<FoundCohort> {
  const paths: string[] = [];
  try {
    await collect(folder, "", paths);
  } catch (cause) {
    throw new ManifestError(`Cannot read ${folder}: ${(cause as Error).message}`, { cause });
  }
  const found = paths.some(isVisceralVolume) ? visceralCohort(paths) : ownCohort(paths);
  if (found.subjects.length === 0) {
    throw new ManifestError(
      `${folder} holds no image whose name says what it is. Name files SUBJECT_ct.nii.gz, ` +
        "SUBJECT_mr.nii.gz, SUBJECT_ct_labels.nii.gz and SUBJECT_mr_labels.nii.gz, or keep VISCERAL's names",
    );
  }
  return found;
}

async function collect(folder: string, below: string, paths: string[]): Promise<void> {
  const entries = await Array.fromAsync(Deno.readDir(`${folder}/${below}`));
  for (const { name } of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    // Links are followed.
    const { isDirectory, isFile } = await Deno.stat(`${folder}/${below}${name}`);
    if (isDirectory) await collect(folder, `${below}${name}/`, paths);
    else if (isFile && /\.nii(\.gz)?$/i.test(name)) paths.push(`${below}${name}`);
  }
}

function ownCohort(paths: readonly string[]): FoundCohort {
  const remarks: string[] = [];
  type Files = Record<"images" | "labels", Partial<Record<Modality, string>>>;
  const subjects = new Map<string, Files>();
  for (const path of paths) {
    const match = OWN.exec(path.slice(path.lastIndexOf("/") + 1));
    if (match === null) {
      remarks.push(
        `${path} is left out: its name does not end in _ct, _mr, _ct_labels or _mr_labels`,
      );
      continue;
    }
    const id = match[1];
    const modality = match[2].toLowerCase() as Modality;
    const files: Files = subjects.get(id) ?? { images: {}, labels: {} };
    const kind = match[3] === undefined ? files.images : files.labels;
    if (kind[modality] === undefined) kind[modality] = path;
    else remarks.push(`${path} is left out: ${kind[modality]} is the same subject's`);
    subjects.set(id, files);
  }
  const isLabelled = subjects.values().some(({ images, labels }) =>
    (images.ct && labels.ct) ?? (images.mr && labels.mr)
  );
  if (!isLabelled && subjects.size > 0) {
    remarks.push("No image has labels: the study takes whole images, without Table 1 and Dice");
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
    const kind = images.ct && images.mr ? "paired" : images.ct ? "ct" : "mr";
    kept.push({ id, kind, images, labels });
  }
  return { subjects: kept, remarks };
}

/**
 * Reads a subject's images and labels, and returns remarks on unusual ones, one sentence each.
 *
 * @param onImage - Is called with each image, so that others need not read it again.
 */
export async function inspectSubject(
  { id, images, labels }: ManifestSubject,
  folder: string,
  onImage?: (image: Volume, modality: Modality) => void,
): Promise<string[]> {
  const remarks: string[] = [];
  for (const modality of ["ct", "mr"] as const) {
    const path = images[modality];
    const files = labels[modality];
    if (path === undefined) continue;
    const image = await readVolume(`${folder}/${path}`);
    remarks.push(...oddIntensities(path, modality, image));
    onImage?.(image, modality);
    if (files === undefined) continue;
    const below = typeof files === "string"
      ? `${folder}/${files}`
      : Object.fromEntries(Object.entries(files).map(([of, file]) => [of, `${folder}/${file}`]));
    remarks.push(...oddLabels(`${id}'s ${modality.toUpperCase()}`, image, await readLabels(below)));
  }
  return remarks;
}

function oddIntensities(path: string, modality: Modality, { data, grid }: Volume): string[] {
  let min = Infinity;
  let max = -Infinity;
  for (const value of data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  const remarks: string[] = [];
  const range = `${min} to ${max}`;
  if (modality === "ct" && !(min < -200 && max > 200)) {
    remarks.push(`${path} does not look like Hounsfield units: ${range}`);
  }
  if (modality === "mr" && !(min >= 0 || min > -0.1 * max)) {
    remarks.push(`${path} has negative intensities, which an MR has not: ${range}`);
  }
  const thickest = Math.max(...grid.spacing);
  if (thickest > 10) {
    remarks.push(`${path} has voxels of ${thickest.toFixed(1)} mm: coarse for this study`);
  }
  return remarks;
}

function oddLabels(whose: string, image: Volume, labels: LabelVolume): string[] {
  const remarks: string[] = [];
  if (!labels.grid.equals(image.grid, 0.01)) {
    remarks.push(`${whose} and its labels differ in their grids`);
  }
  const present = new Set(labels.data);
  const names = STRUCTURES.filter(({ label }) => !present.has(label));
  if (names.length === STRUCTURES.length) {
    remarks.push(
      `${whose} has none of the study's label ids (58 liver, 86 spleen, ...): see label_scheme.ts`,
    );
  } else if (names.length > 0) {
    remarks.push(`${whose} shows no ${names.map(({ name }) => name).join(", ")}`);
  }
  return remarks;
}
