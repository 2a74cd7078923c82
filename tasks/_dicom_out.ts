/**
 * The work of the flag `--dicom-out`: the result as a DICOM series.
 *
 * @module
 */

import { resolve } from "node:path";
import { FileAccessError } from "../host/errors.ts";
import {
  checkFixedSeries,
  type DerivedSeriesOptions,
  encodeDerivedSeries,
} from "../volume/dicom/derived_series.ts";
import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { readSeriesTemplate } from "../volume/dicom/series_template.ts";
import type { Volume } from "../volume/volume.ts";
import { UsageError } from "./_flags.ts";
import { checkFolder, writeNewFolder } from "./_output.ts";

/** An image and its series, if it is DICOM. */
export interface SeriesPath {
  /** The name of the flag of the image. */
  readonly flag: string;
  /** The path. */
  readonly path: string;
  /** The chosen series. */
  readonly series: string | undefined;
}

/** Options of {@link DicomOutput.open}. */
export interface DicomOutputOptions {
  /** The value of --dicom-out; undefined if it is not given. */
  readonly folder: string | undefined;
  /** The value of --out. */
  readonly out: string;
  /** The image that has the grid of the result. */
  readonly fixed: SeriesPath;
  /** The image that is warped. */
  readonly moving: SeriesPath;
  /** The origin of the transform, in words. */
  readonly derivation: string;
}

/** The folder of a DICOM series that is written. */
export class DicomOutput {
  readonly #folder: string;
  readonly #options: Omit<DerivedSeriesOptions, "volume">;

  private constructor(folder: string, options: Omit<DerivedSeriesOptions, "volume">) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Reads the headers of the fixed and of the moving series before long work.
   *
   * @returns undefined without the flag.
   * @throws {UsageError} when the path is that of --out.
   * @throws {FileAccessError} when the folder is not empty or not writable.
   * @throws {DicomSeriesError} when the fixed image is no DICOM series, or has no study or frame of reference.
   */
  static async open(
    { folder, out, fixed, moving, derivation }: DicomOutputOptions,
  ): Promise<DicomOutput | undefined> {
    if (folder === undefined) return undefined;
    refuseSameFolder(folder, out);
    await checkEmpty(folder);
    await checkFolder(folder);
    // The reading of the images gives the notices.
    const quiet = { onNotice: () => {} };
    const template = ({ path, series }: SeriesPath) =>
      readSeriesTemplate(path, { ...quiet, series });
    const found = await template(fixed);
    if (found === undefined) {
      throw new DicomSeriesError(
        `--dicom-out needs a ${fixed.flag} that is a DICOM series (a folder or a zip file), and ${fixed.path} is none. ` +
          "Leave out --dicom-out, or give the series.",
      );
    }
    checkFixedSeries(found, `${fixed.path} (${fixed.flag})`, "Leave out --dicom-out");
    return new DicomOutput(folder, {
      fixed: found,
      moving: await template(moving),
      movingName: moving.path,
      derivation,
    });
  }

  /** Writes the image, and prints the name of the folder. */
  async write(volume: Volume): Promise<void> {
    const files = await encodeDerivedSeries({ ...this.#options, volume });
    await writeNewFolder(this.#folder, files);
    console.log(`Wrote a DICOM series of ${Object.keys(files).length} files in ${this.#folder}`);
  }
}

/**
 * Refuses a folder of the series that is also that of the other results.
 *
 * @throws {UsageError} when both are the same.
 */
export function refuseSameFolder(folder: string, out: string): void {
  if (resolve(folder) !== resolve(out)) return;
  throw new UsageError("--dicom-out and --out must be different paths");
}

/** Returns true if a folder has files. */
export async function hasFiles(folder: string): Promise<boolean> {
  const entries = await Array.fromAsync(Deno.readDir(folder)).catch(() => []);
  return entries.length > 0;
}

/** Refuses a folder with files, because the series would be mixed with them. */
async function checkEmpty(folder: string): Promise<void> {
  if (!await hasFiles(folder)) return;
  throw new FileAccessError(
    `Cannot write a DICOM series to ${folder}: the folder is not empty. Give a new or an empty folder.`,
  );
}
