/**
 * The vertices of surfaces in GIfTI (.gii), after the format's specification of 2011 (version 1.0).
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { coordinateText, type DecodedPoints, PointFileError, pointOf } from "./point_file.ts";

/** An array of vertices in the text of a file. */
interface PointArray {
  readonly attributes: Readonly<Record<string, string>>;
  /** Where the contents of its Data element begin. */
  start: number;
  /** Where they end. */
  end: number;
  /** Number of vertices. */
  readonly count: number;
  /** The coordinate systems that the array states for its vertices. */
  readonly spaces: string[];
}

/** The coordinate system of vertices that mris_convert --to-scanner wrote; it keeps the metadata of the origin. */
const SCANNER = "NIFTI_XFORM_SCANNER_ANAT";

/** The parts of a file that matter. */
interface Contents {
  readonly arrays: readonly PointArray[];
  readonly hasVectors: boolean;
  /** Name of a metadata entry that states another origin than the world's; undefined if there is none. */
  readonly foreignOrigin: string | undefined;
}

/**
 * Decodes the vertices of a GIfTI surface: all arrays of the intent NIFTI_INTENT_POINTSET. Coordinates are RAS mm, as
 * the format says. Triangles and all other arrays stay as they are when other vertices are written.
 *
 * @throws {PointFileError} when the file is no GIfTI surface or is damaged, when its data are in another file, or when
 * FreeSurfer wrote coordinates relative to the middle of its volume.
 */
export async function decodeGifti(text: string, name: string): Promise<DecodedPoints> {
  const { arrays, hasVectors, foreignOrigin } = await contentsOf(text, name);
  if (arrays.length === 0) {
    throw new PointFileError(`${name} has no vertices (NIFTI_INTENT_POINTSET). Give a surface.`);
  }
  const isScanner = arrays.every(({ spaces }) =>
    spaces.length > 0 && spaces.every((space) => space === SCANNER)
  );
  if (foreignOrigin !== undefined && !isScanner) {
    throw new PointFileError(
      `${name} has coordinates relative to the middle of FreeSurfer's volume (${foreignOrigin} is not 0). Convert it ` +
        "with mris_convert --to-scanner.",
    );
  }
  const points: Triple[] = [];
  for (const array of arrays) {
    for (const point of await decodeArray(text, array, name)) points.push(point);
  }
  return {
    points,
    space: "ras",
    stale: hasVectors ? "its normals or vectors" : undefined,
    encode: async (moved) => {
      let out = "";
      let at = 0;
      let first = 0;
      for (const array of arrays) {
        out += text.slice(at, array.start) +
          await encodeArray(moved.slice(first, first + array.count), array);
        at = array.end;
        first += array.count;
      }
      return new TextEncoder().encode(out + text.slice(at));
    },
  };
}

async function contentsOf(text: string, name: string): Promise<Contents> {
  const { SaxesParser } = await import("saxes");
  const arrays: PointArray[] = [];
  let hasVectors = false;
  let foreignOrigin: string | undefined;
  let current: PointArray | undefined;
  let isGifti = false;
  let words = "";
  let entry = "";
  const parser = new SaxesParser({ position: true });
  parser.on("opentag", (tag) => {
    const attributes = tag.attributes as Record<string, string>;
    words = "";
    if (tag.name === "GIFTI") isGifti = true;
    if (tag.name === "DataArray") {
      const { Intent, Dim0 } = attributes;
      if (Intent === "NIFTI_INTENT_VECTOR") hasVectors = true;
      current = Intent === "NIFTI_INTENT_POINTSET"
        ? { attributes, start: -1, end: -1, count: Number(Dim0), spaces: [] }
        : undefined;
    }
    if (tag.name === "Data" && current !== undefined) {
      current.start = current.end = parser.position;
    }
  });
  parser.on("text", (part) => words += part);
  parser.on("cdata", (part) => words += part);
  parser.on("closetag", (tag) => {
    if (tag.name === "Name") entry = words.trim();
    if (tag.name === "DataSpace") current?.spaces.push(words.trim());
    const isCentre = tag.name === "Value" && /^VolGeomC_[RAS]$/.test(entry);
    if (isCentre && Number(words) !== 0) foreignOrigin = entry;
    if (tag.name === "Data" && current !== undefined) {
      current.end = text.lastIndexOf("</", parser.position - 1);
      if (current.end < current.start) current.end = current.start;
      arrays.push(current);
      current = undefined;
    }
    words = "";
  });
  try {
    parser.write(text).close();
  } catch (cause) {
    throw new PointFileError(`${name} is not XML, or it is damaged: ${(cause as Error).message}`, {
      cause,
    });
  }
  if (!isGifti) throw new PointFileError(`${name} is not a GIfTI file.`);
  return { arrays, hasVectors, foreignOrigin };
}

async function decodeArray(text: string, array: PointArray, name: string): Promise<Triple[]> {
  const { attributes, start, end, count } = array;
  const { Encoding, DataType = "", Dimensionality, Dim1, ArrayIndexingOrder = "" } = attributes;
  const size = sizeOf(DataType);
  if (size === undefined || Dimensionality !== "2" || Dim1 !== "3" || !(count > 0)) {
    throw new PointFileError(
      `${name} has vertices of the type ${DataType} and the dimensions ${attributes.Dim0} x ${Dim1}; n x 3 numbers of ` +
        "single or double precision are read.",
    );
  }
  const content = text.slice(start, end).trim();
  const values = await valuesOf(content, Encoding, size, attributes.Endian, name);
  if (values.length !== 3 * count) {
    throw new PointFileError(
      `${name} has ${values.length} coordinates, where its header states ${
        3 * count
      }. Export it again.`,
    );
  }
  const [row, column] = isByColumn(ArrayIndexingOrder) ? [1, count] : [3, 1];
  return Array.from({ length: count }, (_, i) =>
    pointOf(
      [0, 1, 2].map((k) => String(values[row * i + column * k])),
      `${name}, vertex ${i + 1}`,
    ));
}

async function valuesOf(
  content: string,
  encoding: string | undefined,
  size: 4 | 8,
  endian: string | undefined,
  name: string,
): Promise<ArrayLike<number>> {
  if (encoding === "ASCII") return content === "" ? [] : content.split(/\s+/).map(Number);
  if (encoding !== "Base64Binary" && encoding !== "GZipBase64Binary") {
    throw new PointFileError(
      `${name} has the encoding ${encoding}; ASCII, Base64Binary and GZipBase64Binary are read. Write the data into ` +
        "the file itself.",
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.from(atob(content.replace(/\s+/g, "")), (c) => c.charCodeAt(0));
    if (encoding === "GZipBase64Binary") {
      bytes = await through(bytes, new DecompressionStream("deflate"));
    }
  } catch (cause) {
    throw new PointFileError(`${name} has damaged data (${encoding}). Export it again.`, { cause });
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = isLittleEndian(endian);
  return Array.from(
    { length: Math.floor(bytes.length / size) },
    (_, i) => size === 4 ? view.getFloat32(4 * i, isLittle) : view.getFloat64(8 * i, isLittle),
  );
}

async function encodeArray(
  points: readonly Triple[],
  { attributes, count }: PointArray,
): Promise<string> {
  const { Encoding, DataType = "", Endian, ArrayIndexingOrder = "" } = attributes;
  const values = isByColumn(ArrayIndexingOrder)
    ? [0, 1, 2].flatMap((k) => points.map((point) => point[k]))
    : points.flat();
  if (Encoding === "ASCII") {
    const texts = values.map(coordinateText);
    const rows = Array.from({ length: count }, (_, i) => texts.slice(3 * i, 3 * i + 3).join(" "));
    return `\n${rows.join("\n")}\n`;
  }
  const size = sizeOf(DataType)!;
  const bytes = new Uint8Array(size * values.length);
  const view = new DataView(bytes.buffer);
  const isLittle = isLittleEndian(Endian);
  values.forEach((value, i) => {
    if (size === 4) view.setFloat32(4 * i, value, isLittle);
    else view.setFloat64(8 * i, value, isLittle);
  });
  const stored = Encoding === "GZipBase64Binary"
    ? await through(bytes, new CompressionStream("deflate"))
    : bytes;
  let binary = "";
  for (let at = 0; at < stored.length; at += 8192) {
    binary += String.fromCharCode(...stored.subarray(at, at + 8192));
  }
  return btoa(binary);
}

/** Bytes through a compression or a decompression. */
async function through(
  bytes: Uint8Array,
  { readable, writable }: CompressionStream | DecompressionStream,
): Promise<Uint8Array> {
  const writer = (writable as WritableStream<Uint8Array>).getWriter();
  const write = async () => {
    await writer.write(bytes);
    await writer.close();
  };
  const [whole] = await Promise.all([new Response(readable as BodyInit).arrayBuffer(), write()]);
  return new Uint8Array(whole);
}

function sizeOf(type: string): 4 | 8 | undefined {
  return type === "NIFTI_TYPE_FLOAT32" ? 4 : type === "NIFTI_TYPE_FLOAT64" ? 8 : undefined;
}

function isByColumn(order: string): boolean {
  return order === "ColumnMajorOrder";
}

function isLittleEndian(endian: string | undefined): boolean {
  return endian !== "BigEndian";
}
