/**
 * PNG files. Runtimes with zlib compress them by it, which takes a fifth of the time of the package that browsers use.
 *
 * @module
 */

import { joinBytes } from "../host/join_bytes.ts";
import { encode, type ImageData } from "fast-png";
import { nodeModule } from "../host/runtime.ts";

/** A raster, row by row from the top. */
export interface PngRaster {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /**
   * Numbers of a pixel: 1 (grey) or 3 (red, green, blue), of 8 bits each. Default: one bit, 8 pixels in a byte from its
   * highest bit on, and each row begins with a byte; such a raster has a palette.
   */
  readonly channels?: 1 | 3 | undefined;
  /** The numbers. */
  readonly data: Uint8Array;
  /** Red, green, blue and alpha of the bits 0 and 1, the first of which may be transparent. */
  readonly palette?: readonly [Rgba, Rgba] | undefined;
}

/** Red, green, blue and alpha, 0 to 255. */
export type Rgba = readonly [number, number, number, number];

/** The level of the compression. */
const LEVEL = 6;

/** Makes the bytes of a PNG file, at once or later. */
export type PngEncoder = (raster: PngRaster) => Uint8Array | Promise<Uint8Array>;

/** The bytes of a PNG file. They depend on the runtime; the pixels do not. */
export function encodePng(raster: PngRaster): Uint8Array {
  const zlib = nodeModule("node:zlib");
  return zlib === undefined ? encodeByPackage(raster) : encodeByZlib(zlib, raster);
}

/** {@link encodePng} by the package `fast-png` alone, as in browsers. */
export function encodeByPackage({ width, height, data, channels, palette }: PngRaster): Uint8Array {
  const image: ImageData = palette === undefined
    ? { width, height, data, channels: channels ?? 1 }
    : {
      width,
      height,
      data,
      channels: 1,
      depth: 1,
      palette: palette.map((colour) => [...colour]) as NonNullable<ImageData["palette"]>,
    };
  return encode(image);
}

type Zlib = typeof import("node:zlib");

function encodeByZlib(zlib: Zlib, raster: PngRaster): Uint8Array {
  return pngFile(zlib, raster, zlib.deflateSync(filteredRows(raster), { level: LEVEL }));
}

/**
 * An encoder whose rows a function compresses in the format of zlib, such as one of another thread. If it fails, this
 * thread compresses them. The bytes are those of {@link encodePng}. Undefined in a runtime without zlib.
 *
 * @param deflate - The bytes that it gets may move to another thread.
 */
export function pngEncoderBy(
  deflate: (rows: Uint8Array<ArrayBuffer>, level: number) => Promise<Uint8Array>,
): PngEncoder | undefined {
  const zlib = nodeModule("node:zlib");
  if (zlib === undefined) return undefined;
  return async (raster) => {
    try {
      return pngFile(zlib, raster, await deflate(filteredRows(raster), LEVEL));
    } catch {
      return encodeByZlib(zlib, raster);
    }
  };
}

/** Bytes of a row of pixels. */
function rowBytesOf({ width, channels }: PngRaster): number {
  return channels === undefined ? Math.ceil(width / 8) : channels * width;
}

/** The rows as they are compressed: each begins with the number of its filter, which is none. */
function filteredRows(raster: PngRaster): Uint8Array<ArrayBuffer> {
  const { height, data } = raster;
  const rowBytes = rowBytesOf(raster);
  if (data.length !== rowBytes * height) {
    throw new RangeError(`\`data\` has ${data.length} bytes, the picture ${rowBytes * height}`);
  }
  const rows = new Uint8Array((rowBytes + 1) * height);
  for (let y = 0; y < height; y++) {
    rows.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1);
  }
  return rows;
}

/** The file of a picture whose rows are compressed. */
function pngFile(
  zlib: Zlib,
  { width, height, channels, palette }: PngRaster,
  compressed: Uint8Array,
): Uint8Array {
  const head = new DataView(new ArrayBuffer(13));
  head.setUint32(0, width);
  head.setUint32(4, height);
  head.setUint8(8, palette === undefined ? 8 : 1);
  head.setUint8(9, palette === undefined ? channels === 3 ? 2 : 0 : 3);
  const chunks = [chunk(zlib, "IHDR", new Uint8Array(head.buffer))];
  if (palette !== undefined) {
    const colours = palette.flatMap(([red, green, blue]) => [red, green, blue]);
    chunks.push(chunk(zlib, "PLTE", Uint8Array.from(colours)));
    chunks.push(chunk(zlib, "tRNS", Uint8Array.from(palette, (colour) => colour[3])));
  }
  chunks.push(chunk(zlib, "IDAT", compressed));
  chunks.push(chunk(zlib, "IEND", new Uint8Array(0)));
  return joinBytes([Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a), ...chunks]);
}

/** A chunk of a PNG file: length, name, data, and the checksum of name and data. */
function chunk(zlib: Zlib, name: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = name.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, zlib.crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
