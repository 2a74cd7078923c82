/**
 * Opens a folder or a zip file with DICOM files as one volume.
 *
 * @module
 */

import { type FileInput, fileName, openFile } from "../../host/file_input.ts";
import { nodeModule } from "../../host/runtime.ts";
import { ByteReader } from "../byte_reader.ts";
import type { OpenFormat } from "../formats/open_format.ts";
import { ImageFileError } from "../nifti_errors.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";
import { LITTLE_ENDIAN } from "../voxel_types.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { type DicomFile, isDicom, loadParser, parseDicomFile, START_BYTES } from "./dicom_file.ts";
import { slicePixels } from "./dicom_pixels.ts";
import { chosenSeries, seriesOf } from "./dicom_series.ts";
import { type DicomSource, folderSource } from "./dicom_source.ts";
import { type DicomVolume, dicomVolume } from "./dicom_volume.ts";
import { inflatedFile } from "./inflated_file.ts";
import { isZip, zipSource } from "./zip_source.ts";

/** NIfTI's code of single-precision voxels. */
const FLOAT32 = 16;

/** Returns true if a file is the path of a folder. A web page has none. */
export async function isFolder(input: FileInput): Promise<boolean> {
  const files = nodeModule("node:fs/promises");
  const isPath = typeof input === "string" || input instanceof URL && input.protocol === "file:";
  if (files === undefined || !isPath) return false;
  return await files.stat(input).then((info) => info.isDirectory(), () => false);
}

/** A series that was found. */
export interface FoundSeries {
  /** Its slices and its grid. */
  readonly volume: DicomVolume;
  /** Reads a file of it, without the compression of the file. */
  readonly read: (path: string) => Promise<Uint8Array<ArrayBuffer>>;
}

/**
 * Finds the series among some files. Files that are no DICOM images are left out.
 *
 * @param name - The name of the folder or archive, for messages.
 * @throws {DicomSeriesError} when there is no series, or several and `options.series` selects none, or when the series
 * is not one volume.
 */
export async function findSeries(
  source: DicomSource,
  name: string,
  options: ReadOptions,
): Promise<FoundSeries> {
  const parser = await loadParser();
  const read = async (path: string) => await inflatedFile(parser, await source.read(path));
  const files: DicomFile[] = [];
  const damaged: string[] = [];
  const closed: string[] = [];
  for (const path of source.paths) {
    const start = await source.start(path, START_BYTES);
    if (start === undefined) closed.push(path);
    if (start === undefined || !isDicom(start)) continue;
    try {
      const file = parseDicomFile(parser, await read(path), path);
      if (file !== undefined) files.push(file);
    } catch (error) {
      // A part of a zip file that cannot be unpacked says nothing about the DICOM file in it.
      if (error instanceof ImageFileError) throw error;
      damaged.push(path);
    }
  }
  const { onNotice = printNotice } = options;
  if (closed.length > 0) {
    onNotice(
      `${name}: files that cannot be opened are left out: ${closed.length}, the first is ${
        closed[0]
      }. The series may ` +
        "lack slices. Repair the links or the permissions of these files.",
    );
  }
  if (damaged.length > 0) {
    onNotice(
      `${name}: ${damaged.length} damaged DICOM files are left out, the first is ${damaged[0]}.`,
    );
  }
  const series = seriesOf(files);
  if (series.length === 0) {
    throw new DicomSeriesError(
      `${name} is a ${source.kind} without DICOM images (${source.paths.length} files). Give an image file, or the ` +
        "folder of a DICOM series, whose files have the letters DICM at byte 128.",
    );
  }
  return { volume: dicomVolume(chosenSeries(series, name, options.series), name, options), read };
}

/** Opens the series among some files as one volume; see {@link findSeries}. */
export async function openDicom(
  source: DicomSource,
  name: string,
  options: ReadOptions,
): Promise<OpenFormat> {
  const { volume, read } = await findSeries(source, name, options);
  return {
    header: {
      dimensions: volume.size,
      type: FLOAT32,
      littleEndian: LITTLE_ENDIAN,
      offset: 0,
      slope: 1,
      intercept: 0,
      affine: volume.affine,
      intent: 0,
      intentName: "",
    },
    reader: new ByteReader(slicePixels(volume.slices, read)),
    maxBytes: 4 * volume.size.reduce((product, n) => product * n, 1),
  };
}

/**
 * Finds the series of a folder or a zip file, and hands it to `use`.
 *
 * @returns undefined if the input is neither.
 * @throws {DicomSeriesError} as {@link findSeries}.
 */
export async function withSeries<T>(
  input: FileInput,
  options: ReadOptions,
  use: (series: FoundSeries) => Promise<T>,
): Promise<T | undefined> {
  const name = fileName(input);
  if (await isFolder(input)) {
    const files = await folderSource(input as string | URL, name);
    return await use(await findSeries(files, name, options));
  }
  const file = await openFile(input, name);
  try {
    if (!isZip(await file.read(0, 4))) return undefined;
    return await use(await findSeries(await zipSource(file, name), name, options));
  } finally {
    await file.close();
  }
}
