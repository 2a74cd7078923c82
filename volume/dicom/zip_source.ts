/**
 * The files of a zip file, among which a DICOM series can be. They are unpacked one at a time, into memory.
 *
 * @module
 */

import type { FileEntry, ZipReader } from "@zip.js/zip.js/lib/zip-core-native.js";
import { FileAccessError } from "../../host/errors.ts";
import type { OpenFile } from "../../host/file_input.ts";
import { IMAGE_SUFFIX } from "../image_suffix.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { isDicom, START_BYTES } from "./dicom_file.ts";
import type { DicomSource } from "./dicom_source.ts";

/** The maximum unpacked size of a file; a typed array can hold it on every machine. */
const MAX_FILE_BYTES = 2 ** 31 - 1;
/** The maximum unpacked size of all files: more than the memory of a usual computer. */
const MAX_TOTAL_BYTES = 2 ** 34;

/** Compression methods of zip files that are read: none and deflate. */
const METHODS = [0, 8];

/** The zip library, loaded when the first zip file is read. */
type ZipLibrary = typeof import("@zip.js/zip.js/lib/zip-core-native.js");

/** Returns true if bytes are the start of a zip file, which may have no files. */
export function isZip(bytes: Uint8Array): boolean {
  const signature = String.fromCharCode(...bytes.subarray(0, 4));
  return signature === "PK\x03\x04" || signature === "PK\x05\x06";
}

/**
 * The files of a zip file.
 *
 * @param file - The zip file, which the caller closes.
 * @param name - Its name, for messages.
 * @throws {DicomSeriesError} when it is damaged, encrypted, without DICOM files, or unpacked too large.
 */
export async function zipSource(file: OpenFile, name: string): Promise<DicomSource> {
  const library = await import("@zip.js/zip.js/lib/zip-core-native.js");
  const zip = openZip(library, file);
  const entries = new Map<string, FileEntry>();
  const fail = (cause: unknown, path = name): never => {
    if (cause instanceof DicomSeriesError || cause instanceof FileAccessError) throw cause;
    const words = (cause as Error).message.replace(/\.$/, "");
    const what = path === name ? "the zip file" : "the part of the zip file";
    throw new DicomSeriesError(
      `${path}: ${what} is damaged or incomplete (${words}). Copy or download it again.`,
      { cause },
    );
  };
  try {
    for await (const entry of zip.getEntriesGenerator()) {
      if (entry.directory || isOfSystem(entry.filename)) continue;
      let path = `${name}/${entry.filename}`;
      // A zip file may contain two files of one name.
      while (entries.has(path)) path += " (again)";
      entries.set(path, entry);
    }
  } catch (cause) {
    fail(cause);
  }
  const paths = [...entries.keys()].sort();
  refuseUnreadable(entries, name);
  refuseLarge(entries, name);
  const start = async (path: string, count: number) => {
    const entry = entries.get(path)!;
    return await unpacked(entry, Math.min(count, entry.uncompressedSize))
      .catch((cause) => fail(cause, path));
  };
  const dicom: string[] = [];
  for (const path of paths) {
    if (isDicom(await start(path, START_BYTES))) dicom.push(path);
  }
  if (dicom.length === 0) refuseOthers(paths, name);
  return {
    kind: "zip file",
    paths: dicom,
    start,
    read: async (path) => {
      const entry = entries.get(path)!;
      const { uncompressedSize: size } = entry;
      if (size > MAX_FILE_BYTES) {
        throw new DicomSeriesError(
          `${path} has ${gigabytes(size)} when it is unpacked; ${
            gigabytes(MAX_FILE_BYTES)
          } are the limit. Convert the series with dcm2niix.`,
        );
      }
      return await unpacked(entry, size).catch((cause) => fail(cause, path));
    },
  };
}

function openZip(
  { ZipReader, Reader }: ZipLibrary,
  file: OpenFile,
): ZipReader<OpenFile> {
  class FileReader extends Reader<OpenFile> {
    override size = file.size;
    override readUint8Array(index: number, length: number): Promise<Uint8Array> {
      return file.read(index, length);
    }
  }
  return new ZipReader(new FileReader(file), {
    checkSignature: true,
    checkOverlappingEntry: true,
    useWebWorkers: false,
  });
}

/** Returns true for files that macOS adds to zip files. */
function isOfSystem(path: string): boolean {
  return /(^|\/)(__MACOSX\/|\.DS_Store$)/.test(path);
}

/** The first bytes of a file. */
async function unpacked(entry: FileEntry, count: number): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(count);
  if (count === 0) return bytes;
  let length = 0;
  const enough = new AbortController();
  const target = new WritableStream<Uint8Array>({
    write: (piece) => {
      const part = piece.subarray(0, count - length);
      bytes.set(part, length);
      length += part.length;
      if (length === count && count < entry.uncompressedSize) enough.abort();
    },
  });
  try {
    await entry.getData(target, { signal: enough.signal });
  } catch (error) {
    if (!enough.signal.aborted) throw error;
  }
  if (length < count) throw new RangeError("a file in it is too short");
  return bytes;
}

function refuseUnreadable(entries: ReadonlyMap<string, FileEntry>, name: string): void {
  for (const [path, entry] of entries) {
    if (entry.encrypted) {
      throw new DicomSeriesError(
        `${name}: its files are encrypted. Unpack it with its password, and give the folder.`,
      );
    }
    if (!METHODS.includes(entry.compressionMethod)) {
      throw new DicomSeriesError(
        `${path}: the compression of the zip file (method ${entry.compressionMethod}) is not read. Unpack the file, ` +
          "and give the folder.",
      );
    }
  }
}

/** Refuses a zip file without DICOM files. */
function refuseOthers(paths: readonly string[], name: string): never {
  const image = paths.find((path) => IMAGE_SUFFIX.test(path));
  const advice = image === undefined
    ? "Give a zip file of a DICOM series, whose files have the letters DICM at byte 128."
    : `Unpack it, and give the image ${image.slice(name.length + 1)}.`;
  throw new DicomSeriesError(
    `${name} is a zip file without DICOM images (${paths.length} files). ${advice}`,
  );
}

/** Refuses files that would need more memory than there can be. */
function refuseLarge(entries: ReadonlyMap<string, FileEntry>, name: string): void {
  let total = 0;
  for (const { uncompressedSize } of entries.values()) total += uncompressedSize;
  if (total <= MAX_TOTAL_BYTES) return;
  throw new DicomSeriesError(
    `${name}: its files have ${gigabytes(total)} when they are unpacked; ${
      gigabytes(MAX_TOTAL_BYTES)
    } are the limit. Unpack the series that you need, and give its folder.`,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
