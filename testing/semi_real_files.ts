/**
 * Files of pairs with known deformations: the semi-real test's source images in, a pair out.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import {
  type LabelVolume,
  readLabelVolume,
  readVolume,
  type Volume,
  writeDisplacementField,
  writeLabelVolume,
  writeVolume,
} from "../volume/mod.ts";
import type { SemiRealPair } from "./semi_real.ts";

/** The folder of the CT and its labels: next to the repository, never in it. */
export const semiRealFolder: URL = new URL("../../shared/data/abdomen/", import.meta.url);

/** The CT and its labels from a folder with `ct.nii.gz` and `ct_labels.nii.gz`; undefined if a file is missing. */
export async function readSemiRealCase(
  folder: URL = semiRealFolder,
): Promise<{ ct: Volume; labels: LabelVolume } | undefined> {
  const files = [new URL("ct.nii.gz", folder), new URL("ct_labels.nii.gz", folder)];
  for (const file of files) {
    try {
      await Deno.stat(file);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }
  const [ctPath, labelPath] = files.map((file) => fileURLToPath(file));
  return { ct: await readVolume(ctPath), labels: await readLabelVolume(labelPath) };
}

/** The paths that `writePair` writes in a folder. */
export interface PairFiles {
  /** The MR. */
  readonly fixed: string;
  /** Labels on the fixed grid. */
  readonly fixedLabels: string;
  /** The CT. */
  readonly moving: string;
  /** Labels on the moving grid. */
  readonly movingLabels: string;
  /** True displacement field. */
  readonly truth: string;
  /** Body mask on the fixed grid. */
  readonly body: string;
}

/** Writes a pair as NIfTI files into an existing folder and returns their paths. */
export async function writePair(
  folder: string,
  pair: Omit<SemiRealPair, "amplitude" | "structures">,
): Promise<PairFiles> {
  const files: PairFiles = {
    fixed: `${folder}/fixed.nii.gz`,
    fixedLabels: `${folder}/fixed_labels.nii.gz`,
    moving: `${folder}/moving.nii.gz`,
    movingLabels: `${folder}/moving_labels.nii.gz`,
    truth: `${folder}/truth.nii.gz`,
    body: `${folder}/body.nii.gz`,
  };
  await writeVolume(files.fixed, pair.fixed);
  await writeLabelVolume(files.fixedLabels, pair.fixedLabels);
  await writeVolume(files.moving, pair.moving);
  await writeLabelVolume(files.movingLabels, pair.movingLabels);
  await writeDisplacementField(files.truth, pair.truth);
  await writeLabelVolume(files.body, pair.body);
  return files;
}
