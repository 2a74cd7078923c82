/**
 * Reading NIfTI images.
 *
 * @module
 */

import type { Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import {
  FileAccessError,
  ImageShapeError,
  NonFiniteVoxelsError,
  NotLabelsError,
  TruncatedFileError,
  UnsupportedVoxelsError,
} from "./nifti_errors.ts";
import { type NiftiHeader, parseHeader } from "./nifti_header.ts";
import type { DisplacementField, LabelVolume, Volume } from "./volume.ts";

/** Bytes of a voxel and how to read one, by NIfTI's data type code. */
const TYPES: Readonly<
  Record<number, { bytes: number; read: (view: DataView, at: number, little: boolean) => number }>
> = {
  2: { bytes: 1, read: (v, at) => v.getUint8(at) },
  4: { bytes: 2, read: (v, at, le) => v.getInt16(at, le) },
  8: { bytes: 4, read: (v, at, le) => v.getInt32(at, le) },
  16: { bytes: 4, read: (v, at, le) => v.getFloat32(at, le) },
  64: { bytes: 8, read: (v, at, le) => v.getFloat64(at, le) },
  256: { bytes: 1, read: (v, at) => v.getInt8(at) },
  512: { bytes: 2, read: (v, at, le) => v.getUint16(at, le) },
  768: { bytes: 4, read: (v, at, le) => v.getUint32(at, le) },
  1024: { bytes: 8, read: (v, at, le) => Number(v.getBigInt64(at, le)) },
  1280: { bytes: 8, read: (v, at, le) => Number(v.getBigUint64(at, le)) },
};

const UNSUPPORTED: Readonly<Record<number, string>> = {
  1: "single bits",
  32: "complex numbers",
  128: "RGB colours",
  1536: "128-bit floats",
  1792: "complex numbers",
  2048: "complex numbers",
  2304: "RGBA colours",
};

/**
 * Decodes an intensity image: any real voxel type, either byte order, gzip or not. Intensities are
 * single precision: whole numbers beyond 2^24 and doubles are rounded.
 *
 * @param bytes - The file.
 * @param name - Its name, for messages.
 * @throws {ImageFileError} One of its subclasses, when the file cannot be used; see nifti_errors.ts.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { readNifti } from "./read_nifti.ts";
 * import { encodeNifti } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3]);
 * const file = await encodeNifti({ grid, data: new Float32Array([-1000, 40]) });
 * assertEquals((await readNifti(file)).data, new Float32Array([-1000, 40]));
 * ```
 */
export async function readNifti(bytes: Uint8Array, name = "the image"): Promise<Volume> {
  const { header, view } = await open(bytes, name);
  const grid = singleVolume(header, name);
  const data = decode(header, view, grid.voxels, name);
  checkFinite(data, name);
  return { grid, data };
}

/**
 * Decodes a label image: whole numbers from 0 within 31 bits, whatever type they are stored in.
 *
 * @throws {NotLabelsError} when a voxel is not a whole number or negative; otherwise as {@link readNifti}.
 */
export async function readNiftiLabels(
  bytes: Uint8Array,
  name = "the label image",
): Promise<LabelVolume> {
  const { header, view } = await open(bytes, name);
  const grid = singleVolume(header, name);
  const { bytes: size, read } = voxelType(header, view, grid.voxels, name);
  const { offset, littleEndian, slope, intercept } = header;
  const data = new Int32Array(grid.voxels);
  for (let i = 0; i < data.length; i++) {
    const value = read(view, offset + size * i, littleEndian) * slope + intercept;
    const label = Math.round(value);
    if (!(Math.abs(value - label) < 1e-3) || label !== (label | 0) || label < 0) {
      throw new NotLabelsError(
        `${name}: voxel ${indexText(i, grid.size)} is ${value}, not a label id. ` +
          "Give a label image: whole numbers from 0, resampled with nearest neighbour.",
      );
    }
    data[i] = label;
  }
  return { grid, data };
}

/**
 * Reads an intensity image from a file; see {@link readNifti}.
 *
 * @param path - A .nii or .nii.gz file.
 */
export async function readVolume(path: string | URL): Promise<Volume> {
  return readNifti(await readBytes(path), fileName(path));
}

/** Reads a label image from a file; see {@link readNiftiLabels}. */
export async function readLabelVolume(path: string | URL): Promise<LabelVolume> {
  return readNiftiLabels(await readBytes(path), fileName(path));
}

/**
 * Reads a displacement field as ITK, ANTs and this library write it (5-D, LPS mm), to RAS mm.
 *
 * @throws {ImageShapeError} when the file holds no three-component vectors.
 */
export async function readDisplacementField(path: string | URL): Promise<DisplacementField> {
  const name = fileName(path);
  const { header, view } = await open(await readBytes(path), name);
  const [nx, ny, nz, nt = 1, components = 1, ...rest] = header.dimensions;
  if (nt !== 1 || components !== 3 || rest.some((n) => n > 1)) {
    throw new ImageShapeError(
      `${name} is ${header.dimensions.join(" x ")}, not a displacement field of x, y, z, 1, 3`,
    );
  }
  const grid = gridOf(header, [nx, ny, nz], name);
  const data = decode(header, view, 3 * grid.voxels, name);
  checkFinite(data, name);
  const n = grid.voxels;
  // LPS to RAS: x and y change sign.
  const flipped = (from: number) => data.slice(from, from + n).map((value) => -value);
  return { grid, components: [flipped(0), flipped(n), data.slice(2 * n)] };
}

async function readBytes(path: string | URL): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (cause) {
    const why = cause instanceof Deno.errors.NotFound
      ? "there is no such file"
      : (cause as Error).message;
    throw new FileAccessError(`Cannot read ${fileName(path)}: ${why}`, { cause });
  }
}

function fileName(path: string | URL): string {
  return path instanceof URL ? decodeURIComponent(path.pathname) : path;
}

async function open(bytes: Uint8Array, name: string) {
  const data = await uncompressed(bytes, name);
  return { header: parseHeader(data, name), view: new DataView(data) };
}

async function uncompressed(bytes: Uint8Array, name: string): Promise<ArrayBuffer> {
  if (bytes.length < 2 || bytes[0] !== 0x1f || bytes[1] !== 0x8b) {
    return bytes.byteOffset === 0 && bytes.byteLength === bytes.buffer.byteLength
      ? bytes.buffer as ArrayBuffer
      : bytes.slice().buffer;
  }
  try {
    const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(
      new DecompressionStream("gzip"),
    );
    return await new Response(stream).arrayBuffer();
  } catch (cause) {
    throw new TruncatedFileError(
      `${name}: its gzip compression is damaged or ends too early. Copy or export the file again.`,
      { cause },
    );
  }
}

/** The grid of a file that holds one volume. */
function singleVolume(header: NiftiHeader, name: string): Grid {
  const [nx = 1, ny = 1, nz = 1, ...rest] = header.dimensions;
  if (rest.some((n) => n > 1)) {
    const volumes = rest.reduce((product, n) => product * Math.max(n, 1), 1);
    throw new ImageShapeError(
      `${name} holds ${volumes} volumes (${header.dimensions.join(" x ")}). ` +
        "Give a file with one: extract the volume to be registered first.",
    );
  }
  return gridOf(header, [nx, ny, nz], name);
}

function gridOf(header: NiftiHeader, size: Triple, name: string): Grid {
  if (!size.every((n) => n > 0) || header.dimensions.length === 0) {
    throw new ImageShapeError(
      `${name} has an axis without voxels (${header.dimensions.join(" x ")}). Export it again.`,
    );
  }
  return new Grid(size, header.affine);
}

function voxelType(header: NiftiHeader, view: DataView, count: number, name: string) {
  const type = TYPES[header.type];
  if (type === undefined) {
    const what = UNSUPPORTED[header.type] ?? `voxels of the unknown type ${header.type}`;
    throw new UnsupportedVoxelsError(
      `${name} holds ${what}; only real numbers can be registered. Convert it first.`,
    );
  }
  const needed = header.offset + count * type.bytes;
  if (view.byteLength < needed) {
    throw new TruncatedFileError(
      `${name} ends too early: ${view.byteLength} of ${needed} bytes. Copy or export it again.`,
    );
  }
  return type;
}

function decode(header: NiftiHeader, view: DataView, count: number, name: string): Float32Array {
  const { bytes, read } = voxelType(header, view, count, name);
  const { offset, littleEndian, slope, intercept, type } = header;
  const data = new Float32Array(count);
  // The common types are copied as arrays, which is many times faster.
  const Native = ({ 2: Uint8Array, 4: Int16Array, 16: Float32Array, 512: Uint16Array } as const)[
    type as 2 | 4 | 16 | 512
  ];
  if (Native !== undefined && littleEndian) {
    const aligned = offset % bytes === 0 ? view.buffer : view.buffer.slice(offset);
    data.set(new Native(aligned as ArrayBuffer, offset % bytes === 0 ? offset : 0, count));
  } else {
    for (let i = 0; i < count; i++) data[i] = read(view, offset + bytes * i, littleEndian);
  }
  if (slope !== 1 || intercept !== 0) {
    if (bytes === 8 || type === 8 || type === 768) {
      // Scaled in double precision before the rounding to single.
      for (let i = 0; i < count; i++) {
        data[i] = read(view, offset + bytes * i, littleEndian) * slope + intercept;
      }
    } else {
      for (let i = 0; i < count; i++) data[i] = data[i] * slope + intercept;
    }
  }
  return data;
}

function checkFinite(data: Float32Array, name: string): void {
  let first = -1, count = 0;
  for (let i = 0; i < data.length; i++) {
    if (Number.isFinite(data[i])) continue;
    if (first < 0) first = i;
    count++;
  }
  if (count > 0) {
    throw new NonFiniteVoxelsError(
      `${name}: ${count} of ${data.length} voxels are NaN or infinite, the first is number ` +
        `${first}. Replace them (for example by the background's intensity) first.`,
    );
  }
}

function indexText(i: number, [nx, ny]: Triple): string {
  return `(${i % nx}, ${Math.floor(i / nx) % ny}, ${Math.floor(i / (nx * ny))})`;
}
