/**
 * Opening a NIfTI file, from memory or disk, compressed or not, and handing out its voxels block by block.
 *
 * @module
 */

import { FileAccessError } from "../host/errors.ts";
import { type FileInput, fileName, type OpenFile, openFile, piecesOf } from "../host/file_input.ts";
import { type DicomSource, folderSource } from "./dicom/dicom_source.ts";
import { isFolder, openDicom } from "./dicom/open_dicom.ts";
import { isZip, zipSource } from "./dicom/zip_source.ts";
import { type Bytes, HIGHEST_RATIO } from "./formats/data_stream.ts";
import { openFormat } from "./formats/open_format.ts";
import { ByteReader, gunzip, GzipPartsError, isGzip } from "./byte_reader.ts";
import { ImageFileError, TruncatedFileError, UnsupportedVoxelsError } from "./nifti_errors.ts";
import { HEADER_BYTES, type NiftiHeader, parseHeader } from "./nifti_header.ts";
import type { ReadOptions } from "./read_options.ts";
import {
  LITTLE_ENDIAN,
  OTHER_TYPES,
  STORED_TYPES,
  type StoredArray,
  swapBytes,
} from "./voxel_types.ts";

/** Bytes of a block; a multiple of every voxel's. */
const BLOCK_BYTES = 1 << 20;

/** An open NIfTI file whose voxels can be read once. */
export class NiftiSource {
  /** The file's header. */
  readonly header: NiftiHeader;
  readonly #reader: ByteReader;
  readonly #maxBytes: number;

  /**
   * An open file.
   *
   * @param name - The file's name, for messages.
   * @param reader - The uncompressed bytes, from the first one.
   * @param maxBytes - The maximum number of uncompressed bytes that the file can hold.
   */
  constructor(
    readonly name: string,
    header: NiftiHeader,
    reader: ByteReader,
    maxBytes: number,
  ) {
    this.header = header;
    this.#reader = reader;
    this.#maxBytes = maxBytes;
  }

  /**
   * Checks, before any memory is asked for, that `count` voxels of a type that can be read may be there.
   *
   * @throws {UnsupportedVoxelsError} when voxels are complex, coloured or of an unknown type.
   * @throws {TruncatedFileError} when the file is too short for them.
   */
  check(count: number): void {
    const { type, offset } = this.header;
    if (STORED_TYPES[type] === undefined) {
      throw new UnsupportedVoxelsError(
        `${this.name} holds ${OTHER_TYPES[type] ?? `voxels of the unknown type ${type}`}; ` +
          "only real numbers can be registered. Convert it first.",
      );
    }
    if (offset + count * STORED_TYPES[type].bytes > this.#maxBytes) this.#tooShort(count);
  }

  /**
   * Calls `use` with the stored values in blocks and the index of each block's first one. The block is
   * valid only during the call.
   */
  async read(count: number, use: (values: StoredArray, first: number) => void): Promise<void> {
    this.check(count);
    const { offset, littleEndian } = this.header;
    const type = STORED_TYPES[this.header.type];
    await this.#reader.skip(offset);
    const block = new Uint8Array(BLOCK_BYTES);
    const length = BLOCK_BYTES / type.bytes;
    for (let first = 0; first < count; first += length) {
      const voxels = Math.min(length, count - first);
      const bytes = voxels * type.bytes;
      if (await this.#reader.fill(block.subarray(0, bytes)) < bytes) this.#tooShort(count);
      if (littleEndian !== LITTLE_ENDIAN) swapBytes(block.subarray(0, bytes), type.bytes);
      use(type.view(block.buffer, voxels), first);
    }
    // To the end, where gzip has its checksum.
    await this.#reader.skip(Infinity);
  }

  #tooShort(count: number): never {
    const { offset, type, dimensions } = this.header;
    throw new TruncatedFileError(
      `${this.name} ends before its voxels do: ${dimensions.join(" x ")} of them need ` +
        `${offset + count * STORED_TYPES[type].bytes} bytes. Copy or export the file again.`,
    );
  }
}

/** Opens the series among some files, hands it to `use` and closes it. */
export async function withDicom<T>(
  files: DicomSource,
  name: string,
  options: ReadOptions,
  use: (source: NiftiSource) => Promise<T>,
): Promise<T> {
  const { header, reader, maxBytes } = await openDicom(files, name, options);
  try {
    return await use(new NiftiSource(name, header, reader, maxBytes));
  } finally {
    await reader.close();
  }
}

/** Opens a file, hands it to `use` and closes it. */
export async function withNifti<T>(
  input: FileInput,
  name: string,
  options: ReadOptions,
  use: (source: NiftiSource) => Promise<T>,
): Promise<T> {
  if (await isFolder(input)) {
    return await withDicom(await folderSource(input as string | URL, name), name, options, use);
  }
  const file = await openFile(input, name);
  const others: OpenFile[] = [];
  const readers: ByteReader[] = [];
  const stored = new ByteReader(piecesOf(file));
  let reader = stored;
  let maxBytes = file.size;
  try {
    if (isZip(await stored.peek(4))) {
      const format = await openDicom(await zipSource(file, name), name, options);
      readers.push(format.reader);
      return await use(new NiftiSource(name, format.header, format.reader, format.maxBytes));
    }
    if (options.series !== undefined) {
      throw new ImageFileError(
        `${name} is no DICOM folder or zip file, so that the series "${options.series}" cannot be chosen. Leave out ` +
          "--series.",
      );
    }
    if (isGzip(await stored.peek(2))) {
      reader = new ByteReader(uncompressed(stored, name));
      maxBytes = HIGHEST_RATIO * file.size;
    }
    const start = await reader.peek(HEADER_BYTES.second);
    const openOther = hasFolder(input)
      ? async (other: string): Promise<Bytes> => {
        const found = await openBeside(input, other);
        others.push(found);
        readers.push(new ByteReader(piecesOf(found)));
        return { reader: readers.at(-1)!, maxBytes: found.size };
      }
      : undefined;
    const format = await openFormat(start, { reader, maxBytes, name, options, openOther });
    if (format !== undefined) {
      readers.push(format.reader);
      return await use(new NiftiSource(name, format.header, format.reader, format.maxBytes));
    }
    return await use(new NiftiSource(name, parseHeader(start, name, options), reader, maxBytes));
  } finally {
    for (const one of readers.reverse()) await one.close();
    for (const one of others) await one.close();
    await reader.close();
    await stored.close();
    await file.close();
  }
}

/** Returns true if a file has a place, in which its voxels may be in another file. */
function hasFolder(input: FileInput): input is string | URL {
  return typeof input === "string" || input instanceof URL;
}

/** Opens the file with the voxels of a header: of an absolute name, or in the folder of the header. */
async function openBeside(header: string | URL, file: string): Promise<OpenFile> {
  if (header instanceof URL) return await openFile(new URL(file.replaceAll("%", "%25"), header));
  const isAbsolute = /^([/\\]|[a-z]:)/i.test(file);
  return await openFile(isAbsolute ? file : fileName(header).replace(/[^/\\]*$/, "") + file);
}

async function* uncompressed(stored: ByteReader, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzip(stored.rest());
  } catch (cause) {
    if (cause instanceof ImageFileError || cause instanceof FileAccessError) throw cause;
    if (cause instanceof GzipPartsError) {
      throw new ImageFileError(
        `${name}: its gzip compression has several parts, or bytes after its end, which a browser ` +
          "cannot decompress. Decompress the file, or compress it again with gzip.",
        { cause },
      );
    }
    throw new TruncatedFileError(
      `${name}: its gzip compression is damaged or ends too early. Copy or export the file again.`,
      { cause },
    );
  }
}
