/**
 * What a derived DICOM series takes from an existing one: the place of the slices and the attributes.
 *
 * @module
 */

import type { FileInput } from "../../host/file_input.ts";
import type { Matrix4, Triple } from "../affine.ts";
import type { ReadOptions } from "../read_options.ts";
import { decodeText } from "./character_sets.ts";
import {
  type CopiedAttribute,
  IMAGE_KINDS,
  LOSSY_COMPRESSION,
  OF_FIXED,
} from "./dicom_attributes.ts";
import type { DicomElement } from "./dicom_elements.ts";
import { loadParser, PIXEL_DATA } from "./dicom_file.ts";
import { isLossy } from "./dicom_volume.ts";
import { withSeries } from "./open_dicom.ts";

/** Specific Character Set, Patient ID, Frame of Reference UID. */
const CHARACTER_SET = 0x00080005;
const PATIENT_ID = 0x00100020;
const FRAME_OF_REFERENCE = 0x00200052;

/** The image that has a slice. */
export interface SliceImage {
  /** SOP Class UID. */
  readonly kind: string;
  /** SOP Instance UID. */
  readonly uid: string;
  /** The number of the frame in the image, from 1; undefined if the image is one slice. */
  readonly frame: number | undefined;
}

/** A series as a template. */
export interface SeriesTemplate {
  /** Series Instance UID, Series Number, Modality and Series Description. */
  readonly uid: string;
  readonly number: number;
  readonly modality: string;
  readonly description: string;
  /** Voxels along each axis. */
  readonly size: Triple;
  /** Voxel index to RAS mm. */
  readonly affine: Matrix4;
  /** Image Position (Patient) of each slice, LPS mm. */
  readonly positions: readonly Triple[];
  /** The image of each slice. */
  readonly images: readonly SliceImage[];
  /** Image Orientation (Patient): the directions of the first and the second axis. */
  readonly orientation: readonly [column: Triple, row: Triple];
  /** The distances of neighbouring columns, rows and slices, mm. */
  readonly spacing: Triple;
  /** Texts of its first file; empty if there are none. */
  readonly texts: {
    /** Specific Character Set. */
    readonly characterSet: string;
    /** Patient ID. */
    readonly patient: string;
    /** Frame of Reference UID. */
    readonly frameOfReference: string;
  };
  /** The attributes of its first file, by tag; those that {@link OF_FIXED} and {@link IMAGE_KINDS} name. */
  readonly attributes: ReadonlyMap<number, DicomElement>;
}

/**
 * Reads a series as a template.
 *
 * @returns undefined if the input is no DICOM folder or zip file.
 * @throws {DicomSeriesError} when it has no usable series.
 */
export async function readSeriesTemplate(
  input: FileInput,
  options: ReadOptions,
): Promise<SeriesTemplate | undefined> {
  return await withSeries(input, options, async ({ volume: { slices, size, affine }, read }) => {
    const [{ file, frame }] = slices;
    const wanted = [OF_FIXED, ...Object.values(IMAGE_KINDS).map(({ copied }) => copied)].flat();
    const [columns, rows] = frame.spacing!;
    const attributes = await attributesOf(await read(file.path), wanted);
    const { tag, vr } = LOSSY_COMPRESSION;
    if (isLossy(slices)) attributes.set(tag, { tag, vr, value: "01" });
    const set = textOf(attributes, CHARACTER_SET);
    return {
      uid: file.series,
      number: file.number,
      modality: file.modality,
      description: file.description,
      size,
      affine,
      positions: slices.map((slice) => slice.frame.position!),
      images: slices.map(({ file: { object, frames }, frame: { index } }) => ({
        kind: object.kind,
        uid: object.uid,
        frame: frames.length > 1 ? index + 1 : undefined,
      })),
      orientation: frame.orientation!,
      spacing: [columns, rows, Math.hypot(affine[2], affine[6], affine[10])],
      texts: {
        characterSet: set,
        patient: textOf(attributes, PATIENT_ID, set),
        frameOfReference: textOf(attributes, FRAME_OF_REFERENCE),
      },
      attributes,
    };
  });
}

/** The text of an attribute. */
function textOf(attributes: ReadonlyMap<number, DicomElement>, tag: number, set = ""): string {
  const value = attributes.get(tag)?.value;
  return value instanceof Uint8Array ? decodeText(value, set) : "";
}

/** The attributes with values that a file has, as bytes. */
async function attributesOf(
  bytes: Uint8Array,
  wanted: readonly CopiedAttribute[],
): Promise<Map<number, DicomElement>> {
  const parser = await loadParser();
  const { elements } = parser.parseDicom(bytes, { untilTag: PIXEL_DATA });
  const found = new Map<number, DicomElement>();
  for (const { tag, vr } of wanted) {
    const element = elements[`x${tag.toString(16).padStart(8, "0")}`];
    if (element === undefined) continue;
    const { dataOffset, length } = element;
    const value = bytes.slice(dataOffset, dataOffset + length);
    // An attribute without a value is as good as a missing one. Texts are padded with a space, and UIDs with 0.
    if (value.some((byte) => byte !== 0 && byte !== 0x20)) found.set(tag, { tag, vr, value });
  }
  return found;
}
