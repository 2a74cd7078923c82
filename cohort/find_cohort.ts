/**
 * Makes a cohort from a folder of files, named as those of VISCERAL, Learn2Reg, SynthRAD2025 or BIDS, or by a
 * simple convention.
 *
 * @module
 */

import { CrosswarpError } from "../host/errors.ts";
import { fileSystem, isMissing } from "../host/file_system.ts";
import { presentLabels } from "../volume/dice.ts";
import { IMAGE_SUFFIX } from "../volume/image_suffix.ts";
import { MODALITIES, type Modality } from "../volume/modality.ts";
import { findPadding, paddingText } from "../volume/padding.ts";
import { readLabelVolume, readVolume } from "../volume/read_nifti.ts";
import type { HeaderMatrix, ReadOptions } from "../volume/read_options.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import { bidsCohort, isBidsImage } from "./bids.ts";
import { STRUCTURES } from "./label_scheme.ts";
import { type FileProblem, ManifestError, type ManifestSubject } from "./manifest.ts";
import type { FoundCohort } from "./layout.ts";
import { isLearn2RegImage, learn2RegCohort } from "./learn2reg.ts";
import { ownCohort } from "./own_files.ts";
import { labelPaths, readLabels, withLabelPaths } from "./read_labels.ts";
import { isSynthRadImage, synthRadCohort } from "./synthrad.ts";
import { isVisceralVolume, visceralCohort } from "./visceral.ts";

/** The known layouts, each with the test whether a file is one of its images. Other folders hold one's own files. */
const LAYOUTS = [
  { isImage: isVisceralVolume, cohortOf: visceralCohort },
  { isImage: isLearn2RegImage, cohortOf: learn2RegCohort },
  { isImage: isSynthRadImage, cohortOf: synthRadCohort },
  { isImage: isBidsImage, cohortOf: bidsCohort },
];

/** The contents of a folder. */
interface FoundFiles {
  /** Paths of image files, and of links with such names. */
  readonly paths: string[];
  readonly remarks: string[];
  readonly problems: FileProblem[];
  /** The real paths of the folders, so that none is read twice. */
  readonly folders: Set<string>;
}

/**
 * Finds the subjects in a folder and its subfolders. Returned paths are relative to the folder. Links are followed.
 *
 * @throws {ManifestError} when the folder cannot be read or holds no image with such a name.
 */
export async function findCohort(folder: string): Promise<FoundCohort> {
  const files: FoundFiles = { paths: [], remarks: [], problems: [], folders: new Set() };
  try {
    await collect(folder, "", files);
  } catch (cause) {
    throw new ManifestError(`Cannot read ${folder}: ${(cause as Error).message}`, { cause });
  }
  const { paths, problems } = files;
  const layout = LAYOUTS.find(({ isImage }) => paths.some(isImage));
  const found = (layout?.cohortOf ?? ownCohort)(paths);
  if (found.subjects.length === 0) {
    throw new ManifestError(
      `${folder} holds no image whose name says what it is. Name files SUBJECT_ct.nii.gz, ` +
        "SUBJECT_mr.nii.gz, SUBJECT_ct_labels.nii.gz and SUBJECT_mr_labels.nii.gz, or SUBJECT/ct.nii.gz and so on, " +
        "or ct/SUBJECT.nii.gz and so on, or keep the names of VISCERAL, Learn2Reg, SynthRAD2025 or BIDS",
    );
  }
  return { subjects: found.subjects, remarks: [...files.remarks, ...found.remarks], problems };
}

async function collect(folder: string, below: string, found: FoundFiles): Promise<void> {
  const { readdir, realpath, stat } = fileSystem(folder);
  const here = await realpath(`${folder}/${below}`);
  if (found.folders.has(here)) return;
  found.folders.add(here);
  const names = await readdir(here);
  for (const name of names.sort((a, b) => a < b ? -1 : 1)) {
    const path = `${below}${name}`;
    try {
      const info = await stat(`${folder}/${path}`);
      if (info.isDirectory()) await collect(folder, `${path}/`, found);
      else if (info.isFile() && IMAGE_SUFFIX.test(name)) found.paths.push(path);
    } catch (cause) {
      const leadsNowhere = isMissing(cause);
      const why = leadsNowhere ? "the link leads to nothing" : (cause as Error).message;
      if (leadsNowhere && !IMAGE_SUFFIX.test(name)) {
        found.remarks.push(`${path} is left out: ${why}`);
        continue;
      }
      // The name still says whose file it is.
      if (IMAGE_SUFFIX.test(name)) found.paths.push(path);
      found.problems.push({
        path,
        message: `Cannot read ${folder}/${path}: ${why}. Repair or remove it.`,
      });
    }
  }
}

/**
 * The subjects without those that have a file with a problem.
 *
 * @param problems - The problems that {@link findCohort} and {@link inspectSubject} found.
 */
export function withoutBadFiles(
  subjects: readonly ManifestSubject[],
  problems: readonly FileProblem[],
): ManifestSubject[] {
  const bad = new Set(problems.map(({ path }) => path));
  const files = ({ images, labels }: ManifestSubject) =>
    MODALITIES.flatMap((of) => [images[of] ?? [], labels[of] ? labelPaths(labels[of]) : []].flat());
  return subjects.filter((subject) => !files(subject).some((path) => bad.has(path)));
}

/** Options of {@link inspectSubject}. */
export interface InspectOptions {
  /**
   * The matrix that is used if the sform and the qform of a file contradict each other. By default that of the
   * subject.
   */
  readonly trust?: HeaderMatrix | undefined;
  /** Is called with each file that cannot be used. By default the error of the first such file is thrown. */
  readonly onProblem?: ((problem: FileProblem) => void) | undefined;
  /** Is called with each image, so that others need not read it again. */
  readonly onImage?: ((image: Volume, modality: Modality) => void) | undefined;
}

/**
 * Reads a subject's images and labels.
 *
 * @param folder - The folder to which the paths of the subject are relative.
 * @returns Remarks on unusual files, and the notices about their headers, one sentence each.
 * @throws {ImageFileError} when a file cannot be used and there is no `onProblem`.
 * @throws {FileAccessError} when a file cannot be read and there is no `onProblem`.
 */
export async function inspectSubject(
  { id, images, labels, trust }: ManifestSubject,
  folder: string,
  options: InspectOptions = {},
): Promise<string[]> {
  const remarks: string[] = [];
  const reading: ReadOptions = {
    trust: options.trust ?? trust,
    onNotice: (notice) => remarks.push(notice),
  };
  /** Reads a file, and reports a problem in it. */
  const attempt = async <T>(path: string, read: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await read();
    } catch (error) {
      if (options.onProblem === undefined || !(error instanceof CrosswarpError)) throw error;
      options.onProblem({ path, message: error.message });
      return undefined;
    }
  };
  for (const modality of ["ct", "mr"] as const) {
    const path = images[modality];
    const files = labels[modality];
    if (path === undefined) continue;
    const image = await attempt(path, () => readVolume(`${folder}/${path}`, reading));
    if (image !== undefined) {
      remarks.push(...oddIntensities(path, modality, image));
      options.onImage?.(image, modality);
    }
    if (files === undefined) continue;
    const below = withLabelPaths(files, (file) => `${folder}/${file}`);
    // Each mask is read alone if there is a problem, so that every damaged one is found.
    const all = labelPaths(files);
    let isBad = false;
    const found = await readLabels(below, reading).catch(async (error) => {
      for (const file of all) {
        const mask = await attempt(
          file,
          () => readLabelVolume(`${folder}/${file}`, { trust: reading.trust, onNotice: () => {} }),
        );
        if (mask === undefined) isBad = true;
      }
      if (!isBad) await attempt(all[0], () => Promise.reject(error));
      return undefined;
    });
    if (image === undefined || found === undefined) continue;
    remarks.push(...oddLabels(`${id}'s ${modality.toUpperCase()}`, image, found));
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
  const padding = findPadding({ data, grid });
  if (padding !== undefined) {
    remarks.push(
      `${path}: ${paddingText({ data, grid }, padding)}; they count as ${padding.lowest}`,
    );
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
  const present = new Set(presentLabels(labels.data));
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
