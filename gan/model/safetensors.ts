/**
 * Named float32 tensors in a safetensors file (github.com/huggingface/safetensors). The file contains the length of a
 * JSON header as 8 little-endian bytes, the header, and the bytes of the tensors. PyTorch, TensorFlow and NumPy have
 * readers.
 *
 * @module
 */

import { type FileInput, fileName, type OpenFile, openFile } from "../../host/file_input.ts";
import { parseJson, printable } from "../../host/parse_json.ts";
import { writePieces } from "../../host/write_file.ts";
import { ModelFileError } from "./model_error.ts";

/** A tensor to write. */
export interface TensorToWrite {
  /** Name, unique in the file. */
  readonly name: string;
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Returns the values; it is called when the preceding tensors have been written. */
  readonly data: () => Promise<Float32Array> | Float32Array;
}

/** A tensor's entry in the header. */
interface Entry {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly "data_offsets": readonly [number, number];
}

/** Maximum size of a header. A file with a larger one has another format. */
const MAX_HEADER_BYTES = 100_000_000;

const bytesOf = (shape: readonly number[]) => 4 * shape.reduce((a, b) => a * b, 1);

/**
 * Writes tensors, one after the other, into a temporary file, and renames the complete file. After an error, the
 * temporary file is removed, and an older file of that name remains unchanged.
 *
 * @param metadata - Texts for the header.
 * @throws {FileAccessError} if the file cannot be written.
 * @throws {ModelFileError} if a tensor does not have the values of its shape. An error of `data` is thrown unchanged.
 *
 * @example Usage
 * ```ts
 * import { readSafetensors, writeSafetensors } from "./safetensors.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/weights.safetensors`;
 * const data = () => new Float32Array([1, 2, 3]);
 * await writeSafetensors(path, [{ name: "scale", shape: [3], data }]);
 * const tensors = await readSafetensors(path);
 * assertEquals(tensors.get("scale")?.data, data());
 * ```
 */
export async function writeSafetensors(
  path: string,
  tensors: readonly TensorToWrite[],
  metadata: Readonly<Record<string, string>> = {},
): Promise<void> {
  const header: Record<string, Entry | Readonly<Record<string, string>>> = {
    __metadata__: metadata,
  };
  let offset = 0;
  for (const { name, shape } of tensors) {
    const end = offset + bytesOf(shape);
    header[name] = { dtype: "F32", shape, data_offsets: [offset, end] };
    offset = end;
  }
  let text = JSON.stringify(header);
  // Spaces align the tensors to a multiple of 8 bytes.
  text += " ".repeat((8 - new TextEncoder().encode(text).length % 8) % 8);
  const json = new TextEncoder().encode(text);
  const length = new DataView(new ArrayBuffer(8));
  length.setBigUint64(0, BigInt(json.length), true);
  async function* pieces() {
    yield new Uint8Array(length.buffer);
    yield json;
    for (const { name, shape, data } of tensors) {
      const values = await data();
      if (4 * values.length !== bytesOf(shape)) {
        throw new ModelFileError(
          `Cannot write ${path}: ${name} has ${values.length} values; its shape is [${shape}]`,
        );
      }
      yield new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    }
  }
  await writePieces(path, pieces());
}

/** A tensor from a file. */
export interface ReadTensor {
  /** Lengths of the axes. */
  readonly shape: readonly number[];
  /** Values. */
  readonly data: Float32Array<ArrayBuffer>;
}

/**
 * Reads the tensors of a file.
 *
 * @param isWanted - Selects tensors by name. Default all.
 * @param name - Name of the file in messages.
 * @throws {FileAccessError} if the file is missing or cannot be read.
 * @throws {ModelFileError} if the file is damaged or has another format.
 */
export async function readSafetensors(
  input: FileInput,
  isWanted: (name: string) => boolean = () => true,
  name: string = fileName(input),
): Promise<Map<string, ReadTensor>> {
  const fail = (why: string, cause?: unknown) =>
    new ModelFileError(`${name} ${why}`, cause === undefined ? {} : { cause });
  const file = await openFile(input, name);
  try {
    return await readWanted(file, isWanted, fail);
  } finally {
    await file.close();
  }
}

/** Reads the wanted tensors of an open file. */
async function readWanted(
  file: OpenFile,
  isWanted: (name: string) => boolean,
  fail: (why: string, cause?: unknown) => ModelFileError,
): Promise<Map<string, ReadTensor>> {
  const { size } = file;
  const damaged = "is not a whole safetensors file: copy it again, or use an older checkpoint";
  if (size < 8) throw fail(damaged);
  const length = Number(new DataView((await readAt(file, 0, 8)).buffer).getBigUint64(0, true));
  if (length > MAX_HEADER_BYTES || 8 + length > size) throw fail(damaged);
  let header: Record<string, Entry>;
  try {
    header = parseJson(new TextDecoder().decode(await readAt(file, 8, length))) as typeof header;
  } catch (cause) {
    throw fail(damaged, cause);
  }
  if (typeof header !== "object" || header === null) throw fail(damaged);
  const tensors = new Map<string, ReadTensor>();
  for (const [name, entry] of Object.entries(header)) {
    if (name === "__metadata__") continue;
    if (!isEntry(entry)) throw fail(damaged);
    const [begin, end] = entry.data_offsets;
    if (entry.dtype !== "F32") {
      throw fail(printable(`holds ${name} as ${entry.dtype}; only F32 is read`));
    }
    if (end - begin !== bytesOf(entry.shape) || 8 + length + end > size) throw fail(damaged);
    if (!isWanted(name)) continue;
    const bytes = await readAt(file, 8 + length + begin, end - begin);
    tensors.set(name, { shape: entry.shape, data: new Float32Array(bytes.buffer) });
  }
  return tensors;
}

/** Returns true if a value of a file's header has the form of an entry. */
function isEntry(value: unknown): value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Entry>;
  const isCounts = (list: unknown): list is number[] =>
    Array.isArray(list) && list.every((n) => Number.isSafeInteger(n) && n >= 0);
  return typeof dtype === "string" && isCounts(shape) && isCounts(offsets) && offsets.length === 2;
}

async function readAt(
  file: OpenFile,
  offset: number,
  count: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = await file.read(offset, count);
  if (bytes.length === count) return bytes;
  throw new ModelFileError("The file ended early: another program changes it");
}
