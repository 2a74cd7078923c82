/**
 * Headers of images in two files, .hdr and .img: NIfTI pairs and Analyze 7.5.
 *
 * @module
 */

import { ImageGeometryError, TruncatedFileError } from "../nifti_errors.ts";
import { type NiftiHeader, parseHeader } from "../nifti_header.ts";
import { printNotice, type ReadOptions } from "../read_options.ts";
import type { FormatHeader } from "./format_header.ts";
import { LPS_SIGNS, placementMatrix } from "./placement.ts";

/** The kinds of pairs. */
type Pair = "NIfTI-1" | "NIfTI-2" | "Analyze";

/** Bytes of an Analyze 7.5 header and of a NIfTI-1 header, and of a NIfTI-2 header. */
const LENGTHS = { first: 348, second: 540 };

/** Returns true if a file begins with the header of a pair. */
export function isPairHeader(start: Uint8Array): boolean {
  return pairOf(start) !== undefined;
}

/**
 * Parses the header of a pair. A NIfTI header is checked as that of a single file. An Analyze header has no position,
 * and its first axis runs to the left, as ITK, nibabel and SPM take it.
 *
 * @param name - The name of the .hdr file.
 * @throws {ImageFileError} when it cannot be used.
 */
export function parsePair(start: Uint8Array, name: string, options: ReadOptions): FormatHeader {
  const pair = pairOf(start);
  const length = pair === "NIfTI-2" ? LENGTHS.second : LENGTHS.first;
  if (start.length < length) {
    throw new TruncatedFileError(
      `${name} ends within its header, at ${start.length} bytes. Copy or export the file again.`,
    );
  }
  const header = pair === "Analyze"
    ? analyzeHeader(start, name, options)
    : niftiHeader(start, pair === "NIfTI-2", name, options);
  return {
    header,
    file: name.replace(/^.*[/\\]/, "").replace(/\.hdr(\.gz)?$/i, ".img$1"),
    start: 0,
    lines: 0,
    encoding: "raw or gzip",
  };
}

function pairOf(start: Uint8Array): Pair | undefined {
  const text = (from: number) => String.fromCharCode(...start.subarray(from, from + 4));
  if (text(344) === "ni1\0") return "NIfTI-1";
  if (text(4) === "ni2\0") return "NIfTI-2";
  if (start.length < LENGTHS.first || text(344).startsWith("n+1")) return undefined;
  const view = new DataView(start.buffer, start.byteOffset);
  return view.getInt32(0, true) === 348 || view.getInt32(0, false) === 348 ? "Analyze" : undefined;
}

/** The header as that of a NIfTI file in one piece, with the offset of the pair. */
function niftiHeader(
  start: Uint8Array,
  isSecond: boolean,
  name: string,
  options: ReadOptions,
): NiftiHeader {
  const bytes = withMagic(start, isSecond ? 4 : 344, isSecond ? "n+2" : "n+1");
  const header = parseHeader(bytes, name, options);
  const view = new DataView(bytes.buffer);
  const { littleEndian } = header;
  const offset = isSecond
    ? Number(view.getBigInt64(168, littleEndian))
    : Math.trunc(view.getFloat32(108, littleEndian));
  return { ...header, offset };
}

function analyzeHeader(start: Uint8Array, name: string, options: ReadOptions): NiftiHeader {
  // The fields before byte 148 lie at the same places as in NIfTI-1, where the others are cleared.
  const bytes = withMagic(start, 344, "n+1");
  const orient = bytes[252];
  bytes.fill(0, 148, 344);
  const view = new DataView(bytes.buffer);
  const isLittle = view.getInt32(0, true) === 348;
  const scale = view.getFloat32(112, isLittle);
  view.setFloat32(116, 0, isLittle);
  bytes[123] = 2;
  if (orient !== 0) {
    throw new ImageGeometryError(
      `${name} is an Analyze file with the orientation code ${orient}; 0 is read. Convert it to .nii first.`,
    );
  }
  const header = parseHeader(bytes, name, { onNotice: () => {} });
  const offset = Math.trunc(view.getFloat32(108, isLittle));
  const stated = [80, 84, 88].map((at) => Math.abs(view.getFloat32(at, isLittle)));
  const [dx, dy, dz] = stated.map((size) => size || 1);
  const hasSizes = stated.every((size, axis) => size > 0 || (header.dimensions[axis] ?? 1) === 1);
  const affine = placementMatrix(
    {
      dimensions: header.dimensions,
      steps: [[dx, 0, 0], [0, -dy, 0], [0, 0, dz]],
      origin: [0, 0, 0],
      signs: LPS_SIGNS,
      field: "voxel sizes",
      missingSize: hasSizes ? undefined : "a pixdim of 0",
    },
    name,
    options,
  );
  const { onNotice = printNotice } = options;
  onNotice(
    `${name} is an Analyze file, which has no position and does not say which side is left. Its voxel axes are taken ` +
      "as left, anterior and superior, as ITK, nibabel and SPM take them, and voxel (0, 0, 0) as the origin. If you " +
      "know better, convert it to .nii.",
  );
  if (header.slope !== 1) onNotice(`${name}: its values are multiplied by ${scale}, as SPM does.`);
  return { ...header, offset, affine };
}

function withMagic(start: Uint8Array, at: number, magic: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(start);
  [...magic].forEach((character, i) => bytes[at + i] = character.charCodeAt(0));
  return bytes;
}
