/**
 * Opens image files of other formats than NIfTI in one piece: NRRD, MetaImage, and pairs of .hdr and .img.
 *
 * @module
 */

import { printable } from "../../host/parse_json.ts";
import { type ByteReader, isGzip } from "../byte_reader.ts";
import { ImageFileError, TruncatedFileError } from "../nifti_errors.ts";
import type { NiftiHeader } from "../nifti_header.ts";
import type { ReadOptions } from "../read_options.ts";
import { STORED_TYPES } from "../voxel_types.ts";
import { isPairHeader, parsePair } from "./analyze.ts";
import { type Bytes, decodedBytes } from "./data_stream.ts";
import type { FormatHeader } from "./format_header.ts";
import { isMetaImage, metaImageEnd, parseMetaImage } from "./meta_image.ts";
import { isNrrd, nrrdEnd, parseNrrd } from "./nrrd.ts";

/** The maximum length of a text header, bytes. */
const MAX_HEADER = 1 << 20;

/** A format whose header is text. */
interface TextFormat {
  readonly label: string;
  readonly matches: (start: Uint8Array) => boolean;
  readonly end: (start: Uint8Array, isWhole: boolean) => number | undefined;
  readonly parse: (
    text: string,
    length: number,
    name: string,
    options: ReadOptions,
  ) => FormatHeader;
}

const TEXT_FORMATS: readonly TextFormat[] = [
  { label: "NRRD", matches: isNrrd, end: nrrdEnd, parse: parseNrrd },
  { label: "MetaImage", matches: isMetaImage, end: metaImageEnd, parse: parseMetaImage },
];

/** A file of an unknown format. */
export interface FormatInput extends Bytes {
  /** The file's name, for messages. */
  readonly name: string;
  /** The options of reading. */
  readonly options: ReadOptions;
  /** Opens another file by its name relative to this one; undefined if there is no path, as with bytes. */
  readonly openOther: ((file: string) => Promise<Bytes>) | undefined;
}

/** An open file of another format. */
export interface OpenFormat extends Bytes {
  /** The header. */
  readonly header: NiftiHeader;
}

/**
 * Reads the header of a file that is an NRRD or MetaImage file or the header of a pair, and opens its voxels.
 *
 * @param start - The first bytes of the file, 544 or all.
 * @returns undefined if the file is of none of these formats; nothing was read from it then.
 * @throws {ImageFileError} when its header cannot be used.
 */
export async function openFormat(
  start: Uint8Array,
  input: FormatInput,
): Promise<OpenFormat | undefined> {
  const { name, options, reader } = input;
  if (isPairHeader(start)) return await openVoxels(parsePair(start, name, options), input);
  const format = TEXT_FORMATS.find(({ matches }) => matches(start));
  if (format === undefined) return undefined;
  let end: number | undefined;
  let bytes = start;
  for (let size = 4096; end === undefined; size *= 4) {
    if (size > MAX_HEADER) {
      throw new ImageFileError(
        `${name}: its ${format.label} header does not end. It is damaged; export the file again.`,
      );
    }
    bytes = await reader.peek(size);
    end = format.end(bytes, bytes.length < size);
  }
  const text = new TextDecoder("latin1").decode(bytes.subarray(0, end));
  return await openVoxels(format.parse(text, end, name, options), input);
}

async function openVoxels(format: FormatHeader, input: FormatInput): Promise<OpenFormat> {
  const { header, file, start, lines, encoding } = format;
  const { name } = input;
  let bytes: Bytes = input;
  if (file !== undefined) {
    if (input.openOther === undefined) {
      throw new ImageFileError(
        `${name} is only a header; its voxels are in the file ${file}. Give the path of the header.`,
      );
    }
    bytes = await input.openOther(file);
  }
  const type = STORED_TYPES[header.type];
  const count = header.dimensions.reduce((product, n) => product * n, header.interleaved ?? 1);
  const skipped = start === "end" ? bytes.maxBytes - count * (type?.bytes ?? 0) : start;
  if (skipped < 0) {
    throw new TruncatedFileError(
      `${name} ends before its voxels do: ${header.dimensions.join(" x ")} of them need ` +
        `${count * (type?.bytes ?? 0)} bytes. Copy or export the file again.`,
    );
  }
  await bytes.reader.skip(skipped);
  await skipLines(bytes.reader, lines);
  const maxBytes = Math.max(0, bytes.maxBytes - skipped);
  const found = encoding !== "raw or gzip"
    ? encoding
    : isGzip(await bytes.reader.peek(2))
    ? "gzip"
    : "raw";
  const decoded = decodedBytes({ reader: bytes.reader, maxBytes }, found, name, (text) => {
    const value = new Uint8Array(type.bytes);
    writeValue(new DataView(value.buffer), header, text, name);
    return value;
  });
  return { header, reader: decoded.reader, maxBytes: decoded.maxBytes };
}

async function skipLines(reader: ByteReader, lines: number): Promise<void> {
  for (let line = 0; line < lines; line++) {
    for (let size = 256;; size *= 2) {
      const bytes = await reader.peek(size);
      const end = bytes.indexOf(10);
      if (end >= 0 || bytes.length < size) {
        await reader.skip(end >= 0 ? end + 1 : bytes.length);
        break;
      }
    }
  }
}

/** The types of whole numbers by NIfTI's code. */
const WHOLE_TYPES: Readonly<Record<number, { readonly bits: number; readonly isSigned: boolean }>> =
  {
    2: { bits: 8, isSigned: false },
    256: { bits: 8, isSigned: true },
    4: { bits: 16, isSigned: true },
    512: { bits: 16, isSigned: false },
    8: { bits: 32, isSigned: true },
    768: { bits: 32, isSigned: false },
    1024: { bits: 64, isSigned: true },
    1280: { bits: 64, isSigned: false },
  };

/** The whole number of a text; undefined if the text is none, or if the type does not hold it. */
function wholeNumber(text: string, bits: number, isSigned: boolean): bigint | undefined {
  const value = Number(text);
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 64) return undefined;
  const whole = /^[+-]?\d+$/.test(text) ? BigInt(text) : BigInt(value);
  const held = isSigned ? BigInt.asIntN(bits, whole) : BigInt.asUintN(bits, whole);
  return held === whole ? whole : undefined;
}

/** Writes a number of a text as a voxel in the byte order of the header. */
function writeValue(
  view: DataView,
  { type, littleEndian }: NiftiHeader,
  text: string,
  name: string,
): void {
  const value = Number(text);
  const shown = () => `${name} has "${printable(text.slice(0, 40))}" among its voxels`;
  if (Number.isNaN(value) && !/^nan$/i.test(text)) {
    throw new ImageFileError(`${shown()}. Export it again.`);
  }
  const found = WHOLE_TYPES[type];
  if (found === undefined) {
    if (type === 16) view.setFloat32(0, value, littleEndian);
    else view.setFloat64(0, value, littleEndian);
    return;
  }
  const { bits, isSigned } = found;
  const whole = wholeNumber(text, bits, isSigned);
  if (whole === undefined) {
    throw new ImageFileError(
      `${shown()}, whose type is ${
        isSigned ? "int" : "uint"
      }${bits}. Export it again with a type that holds its values.`,
    );
  }
  // Negative numbers have the same bits as unsigned ones.
  if (bits === 64) view.setBigUint64(0, whole, littleEndian);
  else if (bits === 32) view.setUint32(0, value, littleEndian);
  else if (bits === 16) view.setUint16(0, value, littleEndian);
  else view.setUint8(0, value);
}
