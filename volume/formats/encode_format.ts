/**
 * Encodes images as NRRD (.nrrd) and MetaImage (.mha), compressed, with LPS axes as ITK writes them.
 *
 * @module
 */

import type { Grid } from "../grid.ts";
import type { VoxelType } from "../voxel_types.ts";

/** The formats that are written in addition to NIfTI. */
export type OtherFormat = "nrrd" | "mha";

/** The format of a file by its suffix; undefined for another suffix. */
export function otherFormatOf(path: string): OtherFormat | undefined {
  return /\.(nrrd|mha)$/i.exec(path)?.[1].toLowerCase() as OtherFormat | undefined;
}

/** The contents of a file. */
export interface FormatContents {
  /** The grid of the voxels. */
  readonly grid: Grid;
  /** The type of the stored values. */
  readonly type: VoxelType;
  /** The stored values, little-endian, x fastest; the components of a vector next to each other. */
  readonly data: ArrayBufferView;
  /** Values per voxel. Default 1. */
  readonly components?: number | undefined;
}

/** The names of the types in NRRD and in MetaImage. */
const TYPES: Readonly<Record<VoxelType, readonly [nrrd: string, mha: string]>> = {
  uint8: ["unsigned char", "MET_UCHAR"],
  int16: ["short", "MET_SHORT"],
  uint16: ["unsigned short", "MET_USHORT"],
  int32: ["int", "MET_INT"],
  float32: ["float", "MET_FLOAT"],
};

/** The bytes of a file. The same image gives the same bytes. */
export async function encodeFormat(
  format: OtherFormat,
  contents: FormatContents,
): Promise<Uint8Array> {
  const { buffer, byteOffset, byteLength } = contents.data;
  const voxels = new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
  const packed = await compressed(voxels, format === "nrrd" ? "gzip" : "deflate");
  const text = format === "nrrd" ? nrrdHeader(contents) : metaImageHeader(contents, packed.length);
  const header = new TextEncoder().encode(text);
  const whole = new Uint8Array(header.length + packed.length);
  whole.set(header);
  whole.set(packed, header.length);
  return whole;
}

/** The directions of the voxel axes, and the position of the first voxel, in LPS. */
function lpsOf({ affine, spacing }: Grid) {
  const signs = [-1, -1, 1];
  const column = (k: number) => signs.map((sign, row) => sign * affine[4 * row + k] + 0);
  const steps = [0, 1, 2].map(column);
  return {
    steps,
    directions: steps.map((step, k) => step.map((value) => value / spacing[k] + 0)),
    origin: column(3),
  };
}

function nrrdHeader({ grid, type, components = 1 }: FormatContents): string {
  const { steps, origin } = lpsOf(grid);
  const vector = (values: readonly number[]) => `(${values.join(",")})`;
  const isVector = components > 1;
  return [
    "NRRD0004",
    "# Complete NRRD file format specification at:",
    "# http://teem.sourceforge.net/nrrd/format.html",
    `type: ${TYPES[type][0]}`,
    `dimension: ${isVector ? 4 : 3}`,
    "space: left-posterior-superior",
    `sizes: ${isVector ? `${components} ` : ""}${grid.size.join(" ")}`,
    `space directions: ${isVector ? "none " : ""}${steps.map(vector).join(" ")}`,
    `kinds: ${isVector ? "vector " : ""}domain domain domain`,
    "endian: little",
    "encoding: gzip",
    `space origin: ${vector(origin)}`,
    "",
    "",
  ].join("\n");
}

function metaImageHeader(
  { grid, type, components = 1 }: FormatContents,
  packedLength: number,
): string {
  const { directions, origin } = lpsOf(grid);
  const channels = components > 1 ? [`ElementNumberOfChannels = ${components}`] : [];
  return [
    "ObjectType = Image",
    "NDims = 3",
    "BinaryData = True",
    "BinaryDataByteOrderMSB = False",
    "CompressedData = True",
    `CompressedDataSize = ${packedLength}`,
    `TransformMatrix = ${directions.flat().join(" ")}`,
    `Offset = ${origin.join(" ")}`,
    "CenterOfRotation = 0 0 0",
    `ElementSpacing = ${grid.spacing.join(" ")}`,
    `DimSize = ${grid.size.join(" ")}`,
    ...channels,
    `ElementType = ${TYPES[type][1]}`,
    "ElementDataFile = LOCAL",
    "",
  ].join("\n");
}

async function compressed(bytes: Uint8Array, format: "gzip" | "deflate"): Promise<Uint8Array> {
  const { readable, writable } = new CompressionStream(format);
  const writer = (writable as WritableStream<Uint8Array>).getWriter();
  const write = async () => {
    const step = 1 << 20;
    for (let at = 0; at < bytes.length; at += step) {
      await writer.write(bytes.subarray(at, at + step));
    }
    await writer.close();
  };
  const [whole] = await Promise.all([new Response(readable as BodyInit).arrayBuffer(), write()]);
  return new Uint8Array(whole);
}
