/**
 * RT Structure Sets (RTSTRUCT): regions of interest as contours, PS3.3, A.19 and C.8.8.
 *
 * @module
 */

import type { DataSet } from "dicom-parser";
import { type FileInput, fileName, openFile, readWholeFile } from "../../host/file_input.ts";
import type { Triple } from "../affine.ts";
import { decodeText } from "./character_sets.ts";
import { type DicomElement, implicitSequence } from "./dicom_elements.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { isDicom, itemsOf, loadParser, START_BYTES } from "./dicom_file.ts";
import { inflatedFile } from "./inflated_file.ts";

/** SOP Class UID of RT Structure Set Storage. */
export const STRUCTURE_SET = "1.2.840.10008.5.1.4.1.1.481.3";

/** The kinds of contours: Contour Geometric Type. */
export const CONTOUR_KINDS = [
  "CLOSED_PLANAR",
  "CLOSEDPLANAR_XOR",
  "OPEN_PLANAR",
  "OPEN_NONPLANAR",
  "POINT",
] as const;

/** A kind of contour. */
export type ContourKind = typeof CONTOUR_KINDS[number];

/** A contour. */
export interface Contour {
  /** Its kind. */
  readonly kind: ContourKind;
  /** Its points, RAS mm. */
  readonly points: readonly Triple[];
}

/** A region of interest. */
export interface RegionOfInterest {
  /** ROI Number. */
  readonly number: number;
  /** ROI Name. */
  readonly name: string;
  /** Its contours. */
  readonly contours: readonly Contour[];
  /** The elements of its item in the Structure Set ROI Sequence, without its number and its frame of reference. */
  readonly definition: readonly DicomElement[];
  /** The colours of its contours. */
  readonly colours: readonly DicomElement[];
  /** The items of the RT ROI Observations Sequence that concern it. */
  readonly observations: readonly (readonly DicomElement[])[];
}

/** A structure set. */
export interface StructureSet {
  /** The name of the file. */
  readonly file: string;
  /** SOP Instance UID. */
  readonly uid: string;
  /** Patient ID. */
  readonly patient: string;
  /** Specific Character Set. */
  readonly characterSet: string;
  /** The frame of reference of the contours. */
  readonly frameOfReference: string;
  /** Series Instance UIDs of the images on which the contours were drawn, as far as the file states them. */
  readonly series: readonly string[];
  /** Structure Set Label as bytes, and as text. */
  readonly label: { readonly element: DicomElement; readonly text: string };
  /** The regions of interest. */
  readonly rois: readonly RegionOfInterest[];
}

/** The maximum of a coordinate, mm. No scanner is as large. */
const MAX_COORDINATE = 1e5;

/** Elements of a Structure Set ROI item that are not copied: number, frame, and the volume, which a warp changes. */
const NOT_COPIED = [0x30060022, 0x30060024, 0x3006002c];

/** ROI Display Color and Recommended Display CIELab Value. */
const COLOURS = [0x3006002a, 0x0062000d];

/**
 * Returns true if a file begins as a DICOM file.
 *
 * @throws {FileAccessError} when the file cannot be read.
 */
export async function isDicomFile(input: FileInput): Promise<boolean> {
  const file = await openFile(input);
  try {
    return isDicom(await file.read(0, START_BYTES));
  } finally {
    await file.close();
  }
}

/**
 * Reads an RT Structure Set.
 *
 * @throws {FileAccessError} when the file cannot be read.
 * @throws {DicomSeriesError} when it is no structure set, is damaged, has no region of interest, or has them in several
 * frames of reference.
 */
export async function readStructureSet(input: FileInput): Promise<StructureSet> {
  const name = fileName(input, "the structure set");
  const bytes = await readWholeFile(input, name);
  if (!isDicom(bytes)) {
    throw new DicomSeriesError(
      `${name} is no DICOM file: the letters DICM are missing at byte 128. Give an RT Structure Set (RTSTRUCT).`,
    );
  }
  const parser = await loadParser();
  try {
    return structureSetOf(parser.parseDicom(await inflatedFile(parser, bytes)), name);
  } catch (cause) {
    if (cause instanceof DicomSeriesError) throw cause;
    // The parser throws texts and objects, too.
    const why = typeof cause === "string"
      ? cause
      : (cause as Error)?.message ?? "it ends too early";
    throw new DicomSeriesError(`${name} is damaged: ${why}. Export it again.`, { cause });
  }
}

function structureSetOf(data: DataSet, name: string): StructureSet {
  const kind = data.string("x00080016") ?? "";
  if (kind !== STRUCTURE_SET) {
    throw new DicomSeriesError(
      `${name} is no RT Structure Set, but ${data.string("x00080060") ?? "an object"} (SOP Class ${
        kind || "missing"
      }). Give an RTSTRUCT file.`,
    );
  }
  const refuse = (what: string): never => {
    throw new DicomSeriesError(`${name}: ${what}. Export the structure set again.`);
  };
  const characterSet = data.string("x00080005") ?? "";
  const text = (item: DataSet, tag: string) => decodeText(bytesOf(item, tag), characterSet);
  const numberOf = (item: DataSet, tag: string) => {
    const number = Number(item.string(tag) ?? NaN);
    return Number.isInteger(number) ? number : refuse("an ROI has no number");
  };
  const definitions = itemsOf(data, "x30060020");
  if (definitions.length === 0) refuse("it has no region of interest (ROI)");
  const contours = itemsOf(data, "x30060039");
  const observations = itemsOf(data, "x30060080");
  const names = new Map<number, string>();
  const frames = new Map<string, string>();
  const rois = definitions.map((item): RegionOfInterest => {
    const number = numberOf(item, "x30060022");
    const roi = text(item, "x30060026");
    if (names.has(number)) refuse(`the ROIs "${names.get(number)}" and "${roi}" have one number`);
    names.set(number, roi);
    const belongs = (other: DataSet) => numberOf(other, "x30060084") === number;
    const drawn = contours.filter(belongs);
    const found = drawn.flatMap((one) => itemsOf(one, "x30060040"))
      .map((contour) => contourOf(contour, `${name}, ROI "${roi}"`));
    const frame = item.string("x30060024") ?? "";
    if (found.length > 0) frames.set(frame, roi);
    return {
      number,
      name: roi,
      contours: found,
      definition: elementsOf(item).filter(({ tag }) => !NOT_COPIED.includes(tag)),
      colours: drawn.flatMap((one) => elementsOf(one)).filter(({ tag }) => COLOURS.includes(tag)),
      observations: observations.filter(belongs).map(elementsOf),
    };
  });
  for (const number of contours.map((item) => numberOf(item, "x30060084"))) {
    if (!names.has(number)) {
      refuse(`it has contours of the ROI number ${number}, which it does not define`);
    }
  }
  if (frames.size > 1) {
    const list = [...frames].map(([frame, roi]) => `"${roi}" in ${frame || "none"}`).join(", ");
    refuse(`its ROIs are in ${frames.size} frames of reference (${list}); one transform maps one`);
  }
  const references = itemsOf(data, "x30060010");
  const [stated] = references.flatMap((one) => one.string("x00200052") ?? []);
  const series = references.flatMap((frame) => itemsOf(frame, "x30060012"))
    .flatMap((study) => itemsOf(study, "x30060014"))
    .flatMap((one) => one.string("x0020000e") ?? []);
  return {
    file: name,
    uid: data.string("x00080018") ?? "",
    patient: text(data, "x00100020"),
    characterSet,
    frameOfReference: [...frames.keys()][0] || stated || (data.string("x00200052") ?? ""),
    series,
    label: {
      element: { tag: 0x30060002, vr: "SH", value: bytesOf(data, "x30060002") },
      text: text(data, "x30060002"),
    },
    rois,
  };
}

/** A contour; its points are LPS in the file. */
function contourOf(item: DataSet, name: string): Contour {
  const refuse = (what: string, advice: string): never => {
    throw new DicomSeriesError(`${name}: ${what}. ${advice}`);
  };
  const again = "Export the structure set again.";
  const kind = CONTOUR_KINDS.find((one) => one === item.string("x30060042"));
  if (kind === undefined) {
    refuse(
      `a contour has the unknown geometric type "${item.string("x30060042") ?? ""}"`,
      `Known are ${CONTOUR_KINDS.join(", ")}.`,
    );
  }
  const offset = (item.string("x30060045") ?? "").split("\\").map(Number);
  if (offset.some((v) => v !== 0)) {
    refuse("a contour has a Contour Offset Vector, which is not read", again);
  }
  const values = (item.string("x30060050") ?? "").split("\\").map((word) =>
    word.trim() === "" ? NaN : Number(word)
  );
  if (values.length % 3 !== 0 || !values.every(Number.isFinite)) {
    refuse(`a contour has ${values.length} coordinates that are not triples of numbers`, again);
  }
  const far = values.find((v) => Math.abs(v) > MAX_COORDINATE);
  if (far !== undefined) refuse(`a contour has the coordinate ${far} mm`, again);
  const count = Number(item.string("x30060046") ?? values.length / 3);
  if (count !== values.length / 3) {
    refuse(`a contour states ${count} points and has ${values.length / 3}`, again);
  }
  const points = Array.from(
    { length: count },
    (_, i): Triple => [0 - values[3 * i], 0 - values[3 * i + 1], values[3 * i + 2]],
  );
  return { kind: kind!, points };
}

/** The bytes of an element; none if it is missing. */
function bytesOf(data: DataSet, tag: string): Uint8Array {
  const element = data.elements[tag];
  if (element === undefined) return new Uint8Array(0);
  return data.byteArray.slice(
    element.dataOffset,
    element.dataOffset + element.length,
  ) as Uint8Array;
}

/** The elements of an item for a file without types. Private ones are left out: only their program knows them. */
function elementsOf(item: DataSet): DicomElement[] {
  return Object.values(item.elements).flatMap(({ tag: name, items }): DicomElement[] => {
    const tag = parseInt(name.slice(1), 16);
    const isPrivate = (tag >>> 16) % 2 === 1;
    const isLength = (tag & 0xffff) === 0;
    const isEnd = tag >>> 16 === 0xfffe;
    if (isPrivate || isLength || isEnd) return [];
    if (items === undefined) return [{ tag, vr: "UN", value: bytesOf(item, name) }];
    return [implicitSequence(tag, items.map(({ dataSet }) => dataSet ? elementsOf(dataSet) : []))];
  });
}
