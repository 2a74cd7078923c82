/**
 * Transforms in ITK's HDF5 format (.h5), which ANTs writes as composite transforms. The library `h5wasm`, the HDF5
 * library in WebAssembly (4 MB), is loaded with the first such file.
 *
 * @module
 */

import type { File as Hdf5File, Group } from "h5wasm";
import { printable } from "../host/parse_json.ts";
import { itkEntries, type ItkEntry, mapOfItkEntries } from "./itk_transform.ts";
import type { PointTransform } from "./point_transform.ts";
import type { Transform } from "./transform.ts";
import { TransformFileError } from "./transform_file.ts";

/** The first bytes of a file in HDF5. */
const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** The group with one group for each transform. */
const GROUP = "TransformGroup";

/** The names of the parameters: those of ITK 5, and those with a letter less that older versions and ANTs write. */
const PARAMETERS = ["TransformParameters", "TranformParameters"];
const FIXED = ["TransformFixedParameters", "TranformFixedParameters"];

/** The numbers above which parameters are compressed. */
const LARGE = 1000;

/** The number of values that are compressed together, and the level of deflate. */
const CHUNK = 65536;
const LEVEL = 5;

/** Returns true if bytes begin as a file in HDF5. */
export function isHdf5(bytes: Uint8Array): boolean {
  return SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * Decodes a transform of ITK or ANTs in HDF5.
 *
 * @param name - The file's name, for messages.
 * @throws {TransformFileError} when the bytes are no such file, or have transforms that are not read, such as B-splines.
 */
export async function decodeItkHdf5(bytes: Uint8Array, name: string): Promise<PointTransform> {
  if (!isHdf5(bytes)) {
    throw new TransformFileError(`${name} is no HDF5 file. Give an .h5 file of ITK or ANTs.`);
  }
  const entries = await withFile("r", bytes, (file) => entriesOf(file, name)).catch((cause) => {
    if (cause instanceof TransformFileError) throw cause;
    throw new TransformFileError(`${name} is a damaged HDF5 file. Export it again.`, { cause });
  });
  return mapOfItkEntries(entries.result, name);
}

/**
 * The bytes of a transform in ITK's HDF5 format: the composite of the text format, in the same numbers. The same
 * transform has the same bytes.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "../volume/grid.ts";
 * import { decodeItkHdf5, encodeItkHdf5 } from "./itk_hdf5.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([4, 4, 4], [1, 1, 1]);
 * const rigid = [1, 0, 0, 5, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1];
 * const bytes = await encodeItkHdf5({ rigid, fixedGrid: grid, movingGrid: grid });
 * const { forward } = await decodeItkHdf5(bytes, "t.h5");
 * assertEquals(forward([1, 2, 3]), [6, 2, 3]);
 * ```
 */
export async function encodeItkHdf5(transform: Transform): Promise<Uint8Array<ArrayBuffer>> {
  const { bytes } = await withFile("w", undefined, (file) => {
    file.create_group(GROUP);
    itkEntries(transform).forEach(({ kind, parameters, fixed }, i) => {
      const path = `${GROUP}/${i}`;
      file.create_group(path);
      writeText(file, `${path}/TransformType`, kind);
      writeNumbers(file, `${path}/${FIXED[0]}`, fixed);
      writeNumbers(file, `${path}/${PARAMETERS[0]}`, parameters);
    });
  });
  return withoutTimes(bytes);
}

/**
 * The start of a modification time in the header of a data set: the type 18, the size 8, flags, the version 1. Four bytes
 * with seconds follow. See the HDF5 file format specification 3.0, IV.A.2.s.
 */
const TIME = [0x12, 0, 8, 0, undefined, 0, 0, 0, 1, 0, 0, 0];

/** Sets the modification times of a file to 0, in place: the library writes them, and they would change the bytes. */
function withoutTimes<T extends Uint8Array>(bytes: T): T {
  for (let at = bytes.indexOf(TIME[0]!); at >= 0; at = bytes.indexOf(TIME[0]!, at + 1)) {
    const end = at + TIME.length;
    if (TIME.every((byte, i) => byte === undefined || bytes[at + i] === byte)) {
      bytes.fill(0, end, end + 4);
    }
  }
  return bytes;
}

/** Writes an ASCII text of variable length (A without a number); ITK reads no others. */
function writeText(file: Hdf5File, name: string, text: string): void {
  file.create_dataset({ name, data: [text], shape: [1], dtype: "A" });
}

/** Writes numbers; a composite has none. */
function writeNumbers(file: Hdf5File, name: string, values: ArrayLike<number>): void {
  if (values.length === 0) return;
  const data = Float64Array.from(values);
  const shape = [data.length];
  if (data.length < LARGE) file.create_dataset({ name, data, shape });
  else {
    const chunks = [Math.min(CHUNK, data.length)];
    const compression = "gzip";
    file.create_dataset({ name, data, shape, chunks, compression, compression_opts: LEVEL });
  }
}

/** The transforms of a file in the order of their numbers. */
function entriesOf(file: Hdf5File, name: string): ItkEntry[] {
  const group = file.get(GROUP) as Group | null;
  if (group?.type !== "Group") {
    throw new TransformFileError(
      `${name} is an HDF5 file without transforms of ITK (the group ${GROUP} is missing).`,
    );
  }
  const numbers = group.keys().map(Number).sort((a, b) => a - b);
  return numbers.map((number) => {
    const value = (names: readonly string[]) =>
      names.map((one) => file.get(`${GROUP}/${number}/${one}`)).find((found) => found !== null);
    const text = valueOf(value(["TransformType"]));
    const kind = printable(String(Array.isArray(text) ? text[0] : text));
    return { kind, parameters: numbersOf(value(PARAMETERS)), fixed: numbersOf(value(FIXED)) };
  });

  function numbersOf(found: unknown): ArrayLike<number> {
    const values = valueOf(found) ?? [];
    const isWhole = (ArrayBuffer.isView(values) || Array.isArray(values)) &&
      (values as Float64Array).every(Number.isFinite);
    if (!isWhole) throw new TransformFileError(`${name} is damaged: its parameters are no numbers`);
    return values as Float64Array;
  }
}

/** The value of a data set; undefined if there is none. */
function valueOf(found: unknown): unknown {
  return (found as { value?: unknown } | undefined)?.value;
}

/** The result of {@link withFile}. */
interface OpenedFile<T> {
  readonly result: T;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Opens a file in the library's memory, hands it to `use`, and gives the bytes of the closed file. */
async function withFile<T>(
  mode: "r" | "w",
  bytes: Uint8Array | undefined,
  use: (file: Hdf5File) => T,
): Promise<OpenedFile<T>> {
  const library = await import("h5wasm");
  const hdf5 = await library.ready;
  // Without it the library prints its errors.
  hdf5.activate_throwing_error_handler();
  const { FS } = hdf5;
  const path = `/transform-${crypto.randomUUID()}.h5`;
  try {
    if (bytes !== undefined) FS.writeFile(path, bytes);
    // The oldest formats of all parts, which every program reads.
    const file = new library.File(path, mode, { libver: ["earliest", "v108"] });
    let result: T;
    try {
      result = use(file);
    } finally {
      file.close();
    }
    return { result, bytes: new Uint8Array(FS.readFile(path) as Uint8Array) };
  } finally {
    if (FS.analyzePath(path).exists) FS.unlink(path);
  }
}
