/**
 * NIfTI's real voxel types.
 *
 * @module
 */

/** A voxel type that can be written. */
export type VoxelType = "uint8" | "int16" | "uint16" | "int32" | "float32";

/** Whole numbers or floats, as they are stored. */
export type StoredArray =
  | Uint8Array
  | Int8Array
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float32Array
  | Float64Array;

/** The storage of a voxel type. */
export interface StoredType {
  /** Bytes of a voxel. */
  readonly bytes: number;
  /** Views `count` voxels of this machine's byte order that begin at the start of `buffer`. */
  readonly view: (buffer: ArrayBuffer, count: number) => StoredArray;
}

/** The types that can be read, by NIfTI's data type code. */
export const STORED_TYPES: Readonly<Record<number, StoredType>> = {
  2: { bytes: 1, view: (buffer, count) => new Uint8Array(buffer, 0, count) },
  4: { bytes: 2, view: (buffer, count) => new Int16Array(buffer, 0, count) },
  8: { bytes: 4, view: (buffer, count) => new Int32Array(buffer, 0, count) },
  16: { bytes: 4, view: (buffer, count) => new Float32Array(buffer, 0, count) },
  64: { bytes: 8, view: (buffer, count) => new Float64Array(buffer, 0, count) },
  256: { bytes: 1, view: (buffer, count) => new Int8Array(buffer, 0, count) },
  512: { bytes: 2, view: (buffer, count) => new Uint16Array(buffer, 0, count) },
  768: { bytes: 4, view: (buffer, count) => new Uint32Array(buffer, 0, count) },
  1024: { bytes: 8, view: (buffer, count) => wholeNumbers(buffer, count, true) },
  1280: { bytes: 8, view: (buffer, count) => wholeNumbers(buffer, count, false) },
};

/** The meaning of the other codes, for messages. */
export const OTHER_TYPES: Readonly<Record<number, string>> = {
  1: "single bits",
  32: "complex numbers",
  128: "RGB colours",
  1536: "128-bit floats",
  1792: "complex numbers",
  2048: "complex numbers",
  2304: "RGBA colours",
};

/** The types that are written, each with NIfTI's code, and the range of whole numbers that it holds. */
export const WRITTEN_TYPES = {
  uint8: { code: 2, make: Uint8Array, min: 0, max: 255 },
  int16: { code: 4, make: Int16Array, min: -32768, max: 32767 },
  uint16: { code: 512, make: Uint16Array, min: 0, max: 65535 },
  int32: { code: 8, make: Int32Array, min: -2147483648, max: 2147483647 },
  float32: { code: 16, make: Float32Array, min: -Infinity, max: Infinity },
} as const satisfies Record<VoxelType, unknown>;

/** True when this machine stores the lowest byte first. */
export const LITTLE_ENDIAN: boolean = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;

/** Reverses the byte order of values of `size` bytes, in place. */
export function swapBytes(bytes: Uint8Array, size: number): void {
  if (size === 1) return;
  for (let start = 0; start + size <= bytes.length; start += size) {
    for (let low = start, high = start + size - 1; low < high; low++, high--) {
      const kept = bytes[low];
      bytes[low] = bytes[high];
      bytes[high] = kept;
    }
  }
}

/** 64-bit whole numbers as doubles, each rounded once (exact up to 2^53); BigInt would be slow. */
function wholeNumbers(buffer: ArrayBuffer, count: number, signed: boolean): Float64Array {
  const low = new Uint32Array(buffer, 0, 2 * count);
  const high = signed ? new Int32Array(buffer, 0, 2 * count) : low;
  const values = new Float64Array(count);
  const [atLow, atHigh] = LITTLE_ENDIAN ? [0, 1] : [1, 0];
  for (let i = 0; i < count; i++) {
    values[i] = high[2 * i + atHigh] * 4294967296 + low[2 * i + atLow];
  }
  return values;
}
