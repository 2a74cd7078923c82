/**
 * Opens a folder with DICOM files as one volume.
 *
 * @module
 */

import { type FileInput, openFile, readWholeFile } from "../../host/file_input.ts";
import { fileSystem } from "../../host/file_system.ts";
import { nodeModule } from "../../host/runtime.ts";
import { ByteReader } from "../byte_reader.ts";
import type { OpenFormat } from "../formats/open_format.ts";
import { TruncatedFileError } from "../nifti_errors.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";
import { LITTLE_ENDIAN } from "../voxel_types.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { type DicomFile, isDicom, loadParser, parseDicomFile } from "./dicom_file.ts";
import { chosenSeries, type DicomSlice, seriesOf } from "./dicom_series.ts";
import { type DicomVolume, dicomVolume } from "./dicom_volume.ts";

/** NIfTI's code of single-precision voxels. */
const FLOAT32 = 16;

/** Returns true if a file is the path of a folder. A web page has none. */
export async function isFolder(input: FileInput): Promise<boolean> {
  const files = nodeModule("node:fs/promises");
  const isPath = typeof input === "string" || input instanceof URL && input.protocol === "file:";
  if (files === undefined || !isPath) return false;
  return await files.stat(input).then((info) => info.isDirectory(), () => false);
}

/**
 * Opens the series of a folder and its subfolders. Files that are no DICOM images are left out.
 *
 * @param name - The folder's name, for messages.
 * @throws {DicomSeriesError} when there is no series, or several and `options.series` selects none, or when the series
 * is not one volume.
 */
export async function openDicomFolder(
  folder: string | URL,
  name: string,
  options: ReadOptions,
): Promise<OpenFormat> {
  const parser = await loadParser();
  const files: DicomFile[] = [];
  const damaged: string[] = [];
  const paths = await filesIn(folder, name);
  for (const path of paths) {
    if (!await startsAsDicom(path)) continue;
    try {
      const file = parseDicomFile(parser, await readWholeFile(path), path);
      if (file !== undefined) files.push(file);
    } catch {
      damaged.push(path);
    }
  }
  if (damaged.length > 0) {
    (options.onNotice ?? printNotice)(
      `${name}: ${damaged.length} damaged DICOM files are left out, the first is ${damaged[0]}.`,
    );
  }
  const series = seriesOf(files);
  if (series.length === 0) {
    throw new DicomSeriesError(
      `${name} is a folder without DICOM images (${paths.length} files). Give an image file, or the folder of a DICOM ` +
        "series, whose files have the letters DICM at byte 128.",
    );
  }
  const volume = dicomVolume(chosenSeries(series, name, options.series), name, options);
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
    reader: new ByteReader(slicePixels(volume)),
    maxBytes: 4 * volume.size.reduce((product, n) => product * n, 1),
  };
}

/** The files of a folder and its subfolders, sorted. */
async function filesIn(folder: string | URL, name: string): Promise<string[]> {
  const entries = await fileSystem(folder).readdir(folder, { withFileTypes: true });
  const paths: string[] = [];
  for (const entry of entries.sort((a, b) => a.name < b.name ? -1 : 1)) {
    const path = `${name.replace(/[/\\]+$/, "")}/${entry.name}`;
    if (entry.isDirectory()) paths.push(...await filesIn(path, path));
    else if (entry.isFile() || entry.isSymbolicLink()) paths.push(path);
  }
  return paths;
}

async function startsAsDicom(path: string): Promise<boolean> {
  try {
    const file = await openFile(path);
    try {
      return isDicom(await file.read(0, 132));
    } finally {
      await file.close();
    }
  } catch {
    return false;
  }
}

/** The intensities of the slices, one after another. */
async function* slicePixels(
  { slices, littleEndian }: DicomVolume,
): AsyncGenerator<Uint8Array> {
  let path = "";
  let bytes: Uint8Array = new Uint8Array();
  for (const slice of slices) {
    // The slices of an enhanced file are in one file.
    if (slice.file.path !== path) {
      path = slice.file.path;
      bytes = await readWholeFile(path);
    }
    const pixels = intensities(bytes, slice, littleEndian);
    yield new Uint8Array(pixels.buffer);
  }
}

/** The intensities of one slice. */
function intensities(
  bytes: Uint8Array,
  { file, frame }: DicomSlice,
  littleEndian: boolean,
): Float32Array {
  const { bits: { allocated, stored, high }, isSigned, size: [columns, rows] } = file;
  const count = columns * rows;
  const width = allocated / 8;
  const first = file.pixelStart + frame.index * count * width;
  if (first + count * width > bytes.length) {
    throw new TruncatedFileError(
      `${file.path} ends before its pixels do: ${columns} x ${rows} of them need ${
        count * width
      } bytes. Copy or ` +
        "export the file again.",
    );
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const out = new Float32Array(count);
  // The stored bits become the highest of 32, and are shifted back with or without their sign.
  const left = 31 - high;
  const right = 32 - stored;
  for (let i = 0; i < count; i++) {
    const at = first + i * width;
    const raw = width === 2
      ? view.getUint16(at, littleEndian)
      : width === 1
      ? view.getUint8(at)
      : view.getUint32(at, littleEndian);
    const value = isSigned ? raw << left >> right : raw << left >>> right;
    out[i] = value * frame.slope + frame.intercept;
  }
  return out;
}
