/**
 * Opening a NIfTI file, from memory or disk, compressed or not, and handing out its voxels block by block.
 *
 * @module
 */

import { open, stat } from "node:fs/promises";
import { ByteReader, gunzip, isGzip } from "./byte_reader.ts";
import { FileAccessError } from "../host/errors.ts";
import { isFolder, openDicomFolder } from "./dicom/open_dicom.ts";
import { type Bytes, HIGHEST_RATIO } from "./formats/data_stream.ts";
import { openFormat } from "./formats/open_format.ts";
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

/**
 * Opens a file, hands it to `use` and closes it.
 *
 * @param input - The file's bytes, or its path.
 */
export async function withNifti<T>(
  input: Uint8Array | string | URL,
  name: string,
  options: ReadOptions,
  use: (source: NiftiSource) => Promise<T>,
): Promise<T> {
  if (!(input instanceof Uint8Array) && await isFolder(input)) {
    const { header, reader, maxBytes } = await openDicomFolder(input, name, options);
    try {
      return await use(new NiftiSource(name, header, reader, maxBytes));
    } finally {
      await reader.close();
    }
  }
  if (options.series !== undefined) {
    throw new ImageFileError(
      `${name} is no DICOM folder, so that the series "${options.series}" cannot be chosen. Leave out --series.`,
    );
  }
  const size = input instanceof Uint8Array ? input.length : await fileSize(input, name);
  const stored = new ByteReader(input instanceof Uint8Array ? once(input) : pieces(input, name));
  let reader = stored;
  let maxBytes = size;
  const others: ByteReader[] = [];
  try {
    if (isGzip(await stored.peek(2))) {
      reader = new ByteReader(uncompressed(stored, name));
      maxBytes = HIGHEST_RATIO * size;
    }
    const start = await reader.peek(HEADER_BYTES.second);
    const path = input instanceof Uint8Array ? undefined : input;
    const openOther = path === undefined ? undefined : async (file: string): Promise<Bytes> => {
      const found = await openBeside(path, file);
      others.push(found.reader);
      return found;
    };
    const other = await openFormat(start, { reader, maxBytes, name, options, openOther });
    if (other !== undefined) {
      others.push(other.reader);
      return await use(new NiftiSource(name, other.header, other.reader, other.maxBytes));
    }
    return await use(new NiftiSource(name, parseHeader(start, name, options), reader, maxBytes));
  } finally {
    for (const one of others.reverse()) await one.close();
    await reader.close();
    await stored.close();
  }
}

/** Opens the file with the voxels of a header. */
async function openBeside(path: string | URL, file: string): Promise<Bytes> {
  // An absolute name, or one in the folder of the header.
  const folder = /^([/\\]|[a-z]:)/i.test(file) ? "" : fileName(path).replace(/[^/\\]*$/, "");
  const name = `${folder}${file}`;
  const maxBytes = await fileSize(name, name);
  return { reader: new ByteReader(pieces(name, name)), maxBytes };
}

/** A path as people write it. */
export function fileName(path: string | URL): string {
  return path instanceof URL ? decodeURIComponent(path.pathname) : path;
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield await bytes;
}

async function fileSize(path: string | URL, name: string): Promise<number> {
  try {
    return (await stat(path)).size;
  } catch (cause) {
    throw unreadable(cause, name);
  }
}

async function* pieces(path: string | URL, name: string): AsyncGenerator<Uint8Array> {
  try {
    const file = await open(path);
    try {
      for (;;) {
        const { bytesRead, buffer } = await file.read(new Uint8Array(1 << 18));
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw unreadable(cause, name);
  }
}

function unreadable(cause: unknown, name: string): FileAccessError {
  const why = (cause as { code?: string | undefined }).code === "ENOENT"
    ? "there is no such file"
    : (cause as Error).message;
  return new FileAccessError(`Cannot read ${name}: ${why}. Check the path.`, { cause });
}

async function* uncompressed(stored: ByteReader, name: string): AsyncGenerator<Uint8Array> {
  try {
    yield* gunzip(stored.rest());
  } catch (cause) {
    if (cause instanceof ImageFileError) throw cause;
    throw new TruncatedFileError(
      `${name}: its gzip compression is damaged or ends too early. Copy or export the file again.`,
      { cause },
    );
  }
}
