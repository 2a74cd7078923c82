/**
 * The headers of DICOM image files, read with dicom-parser. Attributes are named as in the standard, PS3.3 and PS3.6.
 *
 * @module
 */

import type { DataSet } from "dicom-parser";
import type { Triple } from "../affine.ts";

/** The parser, loaded when the first folder is read. */
export type DicomParser = typeof import("dicom-parser");

/** Loads the parser. It is CommonJS: its functions can be those of its default export. */
export async function loadParser(): Promise<DicomParser> {
  const found = await import("dicom-parser") as DicomParser & { default?: DicomParser | undefined };
  return found.default ?? found;
}

/** The attributes that all frames of a file share. */
export interface DicomFile {
  /** The path of the file. */
  readonly path: string;
  /** SOP Class UID and SOP Instance UID; empty if there are none. */
  readonly object: { readonly kind: string; readonly uid: string };
  /** Series Instance UID. */
  readonly series: string;
  /** Series Number; 0 if there is none. */
  readonly number: number;
  /** Modality. */
  readonly modality: string;
  /** Series Description. */
  readonly description: string;
  /** Transfer Syntax UID. */
  readonly transferSyntax: string;
  /** Columns and rows. */
  readonly size: readonly [columns: number, rows: number];
  /** Samples per Pixel: 3 for colours. */
  readonly samples: number;
  /** Bits Allocated, Bits Stored and High Bit. */
  readonly bits: { readonly allocated: number; readonly stored: number; readonly high: number };
  /** True if pixels are signed. */
  readonly isSigned: boolean;
  /** True if the intensities follow from a lookup table, not from a slope and an intercept. */
  readonly hasLookupTable: boolean;
  /** Lossy Image Compression: whether the pixels were once compressed with loss; undefined if it is not stated. */
  readonly wasLossy: boolean | undefined;
  /** Lossy Image Compression Ratio. */
  readonly lossyRatio: number | undefined;
  /** True if a frame is a mosaic of slices. */
  readonly isMosaic: boolean;
  /** Attributes that may separate the images of a series: echo, kind, time point, acquisition. */
  readonly parts: readonly string[];
  /** The first byte of the pixels in the file. */
  readonly pixelStart: number;
  /** The frames; one, except in enhanced files. */
  readonly frames: readonly DicomFrame[];
}

/** One slice. */
export interface DicomFrame {
  /** Number of the frame in its file, from 0. */
  readonly index: number;
  /** Image Position (Patient), LPS mm; undefined if there is none. */
  readonly position: Triple | undefined;
  /** Image Orientation (Patient): the directions in which the column index and the row index increase. */
  readonly orientation: readonly [column: Triple, row: Triple] | undefined;
  /** The distances of neighbouring columns and of neighbouring rows, mm. */
  readonly spacing: readonly [columns: number, rows: number] | undefined;
  /** Slice Thickness, mm. */
  readonly thickness: number | undefined;
  /** Intensity = slope * stored + intercept. */
  readonly slope: number;
  /** The intercept in the formula of `slope`. */
  readonly intercept: number;
}

/** The tag of the pixels, at which the parsing of a header ends. */
export const PIXEL_DATA = "x7fe00010";

/** The bytes that show whether a file is a DICOM file. */
export const START_BYTES = 132;

/** Returns true if a file begins as a DICOM file. */
export function isDicom(bytes: Uint8Array): boolean {
  return [..."DICM"].every((character, i) => bytes[128 + i] === character.charCodeAt(0));
}

/**
 * The header of an image file; undefined if the file has no image, as a plan or a report.
 *
 * @throws {Error} when the file is damaged; the message is the parser's.
 */
export function parseDicomFile(
  parser: DicomParser,
  bytes: Uint8Array,
  path: string,
): DicomFile | undefined {
  const data = parser.parseDicom(bytes, { untilTag: PIXEL_DATA });
  const columns = data.uint16("x00280011");
  const rows = data.uint16("x00280010");
  if (data.elements[PIXEL_DATA] === undefined || columns === undefined || rows === undefined) {
    return undefined;
  }
  if (columns === 0 || rows === 0) throw new RangeError("its image has no pixels");
  const allocated = data.uint16("x00280100") ?? 16;
  const stored = data.uint16("x00280101") ?? allocated;
  const kind = data.string("x00080008") ?? "";
  return {
    path,
    object: { kind: data.string("x00080016") ?? "", uid: data.string("x00080018") ?? "" },
    series: data.string("x0020000e") ?? "",
    number: data.intString("x00200011") ?? 0,
    modality: data.string("x00080060") ?? "unknown modality",
    description: data.string("x0008103e") ?? data.string("x00181030") ?? "",
    transferSyntax: data.string("x00020010") ?? "",
    size: [columns, rows],
    samples: data.uint16("x00280002") ?? 1,
    bits: { allocated, stored, high: data.uint16("x00280102") ?? stored - 1 },
    isSigned: data.uint16("x00280103") === 1,
    hasLookupTable: data.elements["x00283000"] !== undefined,
    wasLossy: data.string("x00282110") === undefined
      ? undefined
      : data.string("x00282110") === "01",
    lossyRatio: data.floatString("x00282112"),
    isMosaic: /MOSAIC/i.test(kind),
    parts: [
      data.string("x00180081") ?? data.string("x00180086") ?? "",
      kind,
      data.string("x00200100") ?? data.string("x00181060") ?? "",
      data.string("x00200012") ?? "",
    ],
    pixelStart: data.elements[PIXEL_DATA].dataOffset,
    frames: framesOf(data),
  };
}

/** The items of a sequence. */
export function itemsOf(data: DataSet | undefined, tag: string): DataSet[] {
  return (data?.elements[tag]?.items ?? []).flatMap(({ dataSet }) => dataSet ?? []);
}

/** The frames of a file: the file itself, or those of the functional groups of an enhanced file. */
function framesOf(data: DataSet): DicomFrame[] {
  const [shared] = itemsOf(data, "x52009229");
  const perFrame = itemsOf(data, "x52009230");
  if (perFrame.length > 0) {
    return perFrame.map((own, index) => {
      const group = (tag: string) => itemsOf(own, tag)[0] ?? itemsOf(shared, tag)[0];
      const measures = group("x00289110");
      const values = group("x00289145");
      const plane = group("x00209113");
      return frameOf(index, plane, group("x00209116"), measures, values);
    });
  }
  const count = data.intString("x00280008") ?? 1;
  // Frames without functional groups, as those of a dose, have no positions.
  if (count > 1) {
    return Array.from(
      { length: count },
      (_, index) => frameOf(index, undefined, data, data, data),
    );
  }
  return [frameOf(0, data, data, data, data)];
}

function frameOf(
  index: number,
  plane: DataSet | undefined,
  directions: DataSet | undefined,
  measures: DataSet | undefined,
  values: DataSet | undefined,
): DicomFrame {
  const position = numbers(plane, "x00200032", 3);
  const cosines = numbers(directions, "x00200037", 6);
  const spacing = numbers(measures, "x00280030", 2);
  return {
    index,
    position: position && tripleOf(position),
    orientation: cosines && [tripleOf(cosines), tripleOf(cosines.slice(3))],
    // Pixel Spacing has the distance of the rows first.
    spacing: spacing && [spacing[1], spacing[0]],
    thickness: measures?.floatString("x00180050"),
    slope: values?.floatString("x00281053") ?? 1,
    intercept: values?.floatString("x00281052") ?? 0,
  };
}

function numbers(data: DataSet | undefined, tag: string, count: number): number[] | undefined {
  const values = Array.from({ length: count }, (_, i) => data?.floatString(tag, i) ?? NaN);
  return values.every(Number.isFinite) ? values : undefined;
}

function tripleOf([x, y, z]: readonly number[]): Triple {
  return [x, y, z];
}
