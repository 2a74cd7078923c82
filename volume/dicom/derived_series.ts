/**
 * A volume as a DICOM series that is derived from others: in the frame of reference, the patient and the study of a
 * fixed series, with the modality of the moving image.
 *
 * @module
 */

import { sha256Hex } from "../../host/hash.ts";
import { VERSION } from "../../host/version.ts";
import type { Volume } from "../volume.ts";
import { contentUid } from "./content_uid.ts";
import { IMAGE_KINDS, OF_FIXED } from "./dicom_attributes.ts";
import {
  decimalString,
  type DicomElement,
  encodeDicomFile,
  encodeElements,
} from "./dicom_elements.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { asciiText, copied, numberAfter } from "./derived_attributes.ts";
import type { SeriesTemplate } from "./series_template.ts";

/** The highest stored pixel. */
const MAX_STORED = 65535;

/** A code (CS), such as that of a modality. */
const CODE = /^[A-Z0-9_ ]{1,16}$/;

/** Study Instance UID and Frame of Reference UID. */
const REQUIRED = { "Study Instance UID": 0x0020000d, "Frame of Reference UID": 0x00200052 };

/** Options of {@link encodeDerivedSeries}. */
export interface DerivedSeriesOptions {
  /** The image on the grid of the fixed series. */
  readonly volume: Volume;
  /** The fixed series. */
  readonly fixed: SeriesTemplate;
  /** The series of the moving image; undefined if the moving image is no DICOM series. */
  readonly moving: SeriesTemplate | undefined;
  /** The name of the moving image, for descriptions. */
  readonly movingName: string;
  /** The derivation in words, such as "warped by a registration". */
  readonly derivation: string;
}

/**
 * Checks that a series can be the fixed one.
 *
 * @param name - The name of the file, for messages.
 * @param advice - What the user can do in place of exporting the series again: the start of a sentence.
 * @throws {DicomSeriesError} when it has no study or no frame of reference.
 */
export function checkFixedSeries(
  { attributes }: SeriesTemplate,
  name: string,
  advice: string,
): void {
  for (const [attribute, tag] of Object.entries(REQUIRED)) {
    if (attributes.has(tag)) continue;
    throw new DicomSeriesError(
      `${name} has no ${attribute}, which a derived DICOM object needs. ${advice}, or export the series again.`,
    );
  }
}

/**
 * The files of the series by their names. UIDs follow from the content, so that the same image has the same bytes.
 *
 * @throws {DicomSeriesError} when the volume is on another grid.
 */
export async function encodeDerivedSeries(
  options: DerivedSeriesOptions,
): Promise<Record<string, Uint8Array>> {
  const { volume: { grid, data }, fixed } = options;
  if (fixed.size.some((n, axis) => n !== grid.size[axis])) {
    throw new DicomSeriesError(
      `An image of ${grid.size.join(" x ")} voxels is no image on the grid of the fixed series, ${
        fixed.size.join(" x ")
      }.`,
    );
  }
  const [columns, rows, slices] = grid.size;
  const { slope, intercept } = rescaleOf(data);
  const common = commonElements(options, slope, intercept);
  const bodies: DicomElement[][] = [];
  const hashes: string[] = [];
  for (let k = 0; k < slices; k++) {
    const values = data.subarray(k * columns * rows, (k + 1) * columns * rows);
    const body = [...common, ...sliceElements(fixed, k, storedPixels(values, slope, intercept))];
    bodies.push(body);
    hashes.push(await sha256Hex(encodeElements(body)));
  }
  const series = await contentUid(`series ${hashes.join(" ")}`);
  const program = await contentUid("crosswarp");
  const kind = kindOf(options.moving).uid;
  const digits = Math.max(4, String(slices).length);
  const files: Record<string, Uint8Array> = {};
  for (let k = 0; k < slices; k++) {
    const image = await contentUid(`image ${series} ${k}`);
    bodies[k].push(
      { tag: 0x00080018, vr: "UI", value: image },
      { tag: 0x0020000e, vr: "UI", value: series },
    );
    const name = `${String(k + 1).padStart(digits, "0")}.dcm`;
    files[name] = encodeDicomFile(bodies[k], { kind, image, program });
  }
  return files;
}

/** The kind of images of a modality. */
function kindOf(moving: SeriesTemplate | undefined) {
  const modality = moving?.modality;
  return modality === "CT" || modality === "MR" ? IMAGE_KINDS[modality] : IMAGE_KINDS.OT;
}

/** The elements that all slices share, without their UIDs. */
function commonElements(
  { fixed, moving, movingName, derivation }: DerivedSeriesOptions,
  slope: number,
  intercept: number,
): DicomElement[] {
  const kind = kindOf(moving);
  const modality = CODE.test(moving?.modality ?? "") ? moving!.modality : "OT";
  const movingText = moving?.description || fileOf(movingName);
  const source = moving === undefined ? fileOf(movingName) : `the series ${moving.uid}`;
  const elements: DicomElement[] = [
    ...copied(OF_FIXED, fixed),
    ...copied(kind.copied, moving),
    { tag: 0x00080008, vr: "CS", value: kind.type },
    { tag: 0x00080016, vr: "UI", value: kind.uid },
    { tag: 0x00080060, vr: "CS", value: modality },
    { tag: 0x00080070, vr: "LO", value: "crosswarp" },
    { tag: 0x0008103e, vr: "LO", value: asciiText(`${movingText}, registered`, 64) },
    {
      tag: 0x00082111,
      vr: "ST",
      value: asciiText(`${source}, ${derivation} to the grid of the series ${fixed.uid}`, 1024),
    },
    { tag: 0x00180050, vr: "DS", value: decimalString(fixed.spacing[2]) },
    { tag: 0x00180088, vr: "DS", value: decimalString(fixed.spacing[2]) },
    { tag: 0x00181020, vr: "LO", value: VERSION },
    { tag: 0x00200011, vr: "IS", value: String(numberAfter(fixed.number)) },
    { tag: 0x00200012, vr: "IS", value: "" },
    { tag: 0x00280002, vr: "US", value: [1] },
    { tag: 0x00280004, vr: "CS", value: "MONOCHROME2" },
    { tag: 0x00280010, vr: "US", value: [fixed.size[1]] },
    { tag: 0x00280011, vr: "US", value: [fixed.size[0]] },
    {
      tag: 0x00280030,
      vr: "DS",
      value: [fixed.spacing[1], fixed.spacing[0]].map(decimalString).join("\\"),
    },
    { tag: 0x00280100, vr: "US", value: [16] },
    { tag: 0x00280101, vr: "US", value: [16] },
    { tag: 0x00280102, vr: "US", value: [15] },
    { tag: 0x00280103, vr: "US", value: [0] },
    { tag: 0x00281052, vr: "DS", value: decimalString(intercept) },
    { tag: 0x00281053, vr: "DS", value: decimalString(slope) },
  ];
  // Conversion Type: from a workstation.
  if (kind === IMAGE_KINDS.OT) elements.push({ tag: 0x00080064, vr: "CS", value: "WSD" });
  return elements;
}

/** The elements of one slice. */
function sliceElements(fixed: SeriesTemplate, k: number, pixels: Uint8Array): DicomElement[] {
  return [
    { tag: 0x00200013, vr: "IS", value: String(k + 1) },
    { tag: 0x00200032, vr: "DS", value: fixed.positions[k].map(decimalString).join("\\") },
    { tag: 0x00200037, vr: "DS", value: fixed.orientation.flat().map(decimalString).join("\\") },
    { tag: 0x7fe00010, vr: "OW", value: pixels },
  ];
}

/**
 * A slope of 1, 2 or 5 times a power of ten with which 16 bits hold all values, and an intercept that is a multiple of
 * it, so that both are exact as decimal strings.
 */
export function rescaleOf(data: Float32Array): { slope: number; intercept: number } {
  let low = Infinity;
  let high = -Infinity;
  for (const value of data) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (!(high > low)) return { slope: 1, intercept: Math.floor(low) };
  // One step is left for the rounding of the intercept.
  const smallest = (high - low) / (MAX_STORED - 1);
  let exponent = Math.floor(Math.log10(smallest));
  let digit = [1, 2, 5].find((one) => one * 10 ** exponent >= smallest);
  if (digit === undefined) [digit, exponent] = [1, exponent + 1];
  const slope = Number(`${digit}e${exponent}`);
  const intercept = Number(`${Math.floor(low / slope) * digit}e${exponent}`);
  return { slope, intercept };
}

/** The stored pixels, lowest byte first. */
function storedPixels(values: Float32Array, slope: number, intercept: number): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, i) => {
    const stored = Math.min(MAX_STORED, Math.max(0, Math.round((value - intercept) / slope)));
    bytes[2 * i] = stored & 255;
    bytes[2 * i + 1] = stored >> 8;
  });
  return bytes;
}

/** The last part of a path. */
function fileOf(path: string): string {
  return path.replace(/[/\\]+$/, "").replace(/^.*[/\\]/, "");
}
