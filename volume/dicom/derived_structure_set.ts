/**
 * An RT Structure Set that is derived from another: the same regions of interest in the frame of reference of a fixed
 * series.
 *
 * @module
 */

import { sha256Hex } from "../../host/hash.ts";
import { VERSION } from "../../host/version.ts";
import type { Triple } from "../affine.ts";
import { decodeText, isPlain, UTF_8_SET } from "./character_sets.ts";
import { contentUid } from "./content_uid.ts";
import { asciiText, copied, numberAfter } from "./derived_attributes.ts";
import { OF_FIXED } from "./dicom_attributes.ts";
import {
  type DicomElement,
  encodeDicomFile,
  encodeImplicit,
  implicitSequence,
} from "./dicom_elements.ts";
import type { SeriesTemplate, SliceImage } from "./series_template.ts";
import {
  type ContourKind,
  type RegionOfInterest,
  STRUCTURE_SET,
  type StructureSet,
} from "./structure_set.ts";

/** The number of decimals of coordinates in mm. */
const DECIMALS = 4;

/** The SOP Class of a study in references to it: Detached Study Management. */
const STUDY_KIND = "1.2.840.10008.3.1.2.3.1";

/** Specific Character Set, Study Instance UID, Frame of Reference UID, and that of an ROI. */
const CHARACTER_SET = 0x00080005;
const STUDY = 0x0020000d;
const FRAME_OF_REFERENCE = 0x00200052;
const FRAME_OF_REFERENCE_OF_ROI = 0x30060024;

/** ROI Name and ROI Generation Algorithm, which may be empty but not missing. */
const OF_DEFINITION = [0x30060026, 0x30060036];

/** A contour of the fixed image. */
export interface FixedContour {
  /** Its kind. */
  readonly kind: ContourKind;
  /** Its points, LPS mm. */
  readonly points: readonly Triple[];
  /** The slice in which it lies; undefined if it lies in none. */
  readonly slice: number | undefined;
}

/** Options of {@link encodeDerivedStructureSet}. */
export interface DerivedStructureSetOptions {
  /** The structure set from which it is derived. */
  readonly source: StructureSet;
  /** The contours of each region of interest of the source, in the same order. */
  readonly contours: readonly (readonly FixedContour[])[];
  /** The series of the fixed image; it has a study and a frame of reference. */
  readonly fixed: SeriesTemplate;
  /** The derivation in words, such as "warped by a registration". */
  readonly derivation: string;
}

/**
 * The bytes of the structure set. It has the patient and the study of the fixed series, and the names, the numbers, the
 * colours and the observations of the source; it is not approved. UIDs follow from the content. The elements have no
 * types (implicit little-endian), because contours can have more than 64 kB.
 */
export async function encodeDerivedStructureSet(
  { source, contours, fixed, derivation }: DerivedStructureSetOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const texts = commonCharacterSet(source, fixed);
  const frame = fixed.attributes.get(FRAME_OF_REFERENCE)!.value;
  const drawn = source.rois.map((roi, i) => ({ roi, contours: contours[i] }));
  const name = source.label.text || "structure set";
  const elements: DicomElement[] = [
    ...texts.ofFixed,
    { tag: 0x00080016, vr: "UI", value: STRUCTURE_SET },
    { tag: 0x00080060, vr: "CS", value: "RTSTRUCT" },
    { tag: 0x00080070, vr: "LO", value: "crosswarp" },
    { tag: 0x0008103e, vr: "LO", value: asciiText(`${name}, registered`, 64) },
    { tag: 0x00081070, vr: "PN", value: "" },
    { tag: 0x00181020, vr: "LO", value: VERSION },
    { tag: 0x00200011, vr: "IS", value: String(numberAfter(fixed.number)) },
    source.label.text === ""
      ? { tag: 0x30060002, vr: "SH", value: "registered" }
      : texts.ofSource(source.label.element),
    {
      tag: 0x30060006,
      vr: "ST",
      value: asciiText(
        `The structure set ${source.uid}, ${derivation} to the slices of the series ${fixed.uid}`,
        1024,
      ),
    },
    // Structure Set Date and Time: the same content has the same bytes at any time.
    { tag: 0x30060008, vr: "DA", value: "" },
    { tag: 0x30060009, vr: "TM", value: "" },
    implicitSequence(0x30060010, [[
      { tag: FRAME_OF_REFERENCE, vr: "UI", value: frame },
      implicitSequence(0x30060012, [[
        { tag: 0x00081150, vr: "UI", value: STUDY_KIND },
        { tag: 0x00081155, vr: "UI", value: fixed.attributes.get(STUDY)!.value },
        implicitSequence(0x30060014, [[
          { tag: 0x0020000e, vr: "UI", value: fixed.uid },
          implicitSequence(0x30060016, fixed.images.map(referenceTo)),
        ]]),
      ]]),
    ]]),
    implicitSequence(
      0x30060020,
      source.rois.map(({ number, definition }) => [
        ...withMissing(definition.map(texts.ofSource), OF_DEFINITION),
        { tag: 0x30060022, vr: "IS", value: String(number) },
        { tag: FRAME_OF_REFERENCE_OF_ROI, vr: "UI", value: frame },
      ]),
    ),
    implicitSequence(0x30060039, drawn.map((one) => contourItem(one, fixed.images))),
    implicitSequence(
      0x30060080,
      observationsOf(source.rois).map((item) => item.map(texts.ofSource)),
    ),
    { tag: 0x300e0002, vr: "CS", value: "UNAPPROVED" },
  ];
  const hash = await sha256Hex(encodeImplicit(elements));
  const series = await contentUid(`series ${hash}`);
  const image = await contentUid(`structure set ${hash}`);
  elements.push(
    { tag: 0x00080018, vr: "UI", value: image },
    { tag: 0x0020000e, vr: "UI", value: series },
  );
  const program = await contentUid("crosswarp");
  return encodeDicomFile(elements, { kind: STRUCTURE_SET, image, program }, { isImplicit: true });
}

/** Elements, and empty ones in the place of those that are missing. */
function withMissing(elements: readonly DicomElement[], tags: readonly number[]): DicomElement[] {
  const missing = tags.filter((tag) => !elements.some((element) => element.tag === tag));
  return [...elements, ...missing.map((tag): DicomElement => ({ tag, vr: "LO", value: "" }))];
}

/** The observations of regions of interest; a region without any gets an empty one, because each must have one. */
function observationsOf(rois: readonly RegionOfInterest[]): (readonly DicomElement[])[] {
  const found = rois.flatMap(({ observations }) => observations);
  const without = rois.filter(({ observations }) => observations.length === 0);
  const numbers = found.flat().filter(({ tag }) => tag === OBSERVATION_NUMBER)
    .map(({ value }) => Number(new TextDecoder().decode(value as Uint8Array)));
  const last = numbers.reduce((max, number) => Math.max(max, number || 0), 0);
  return [
    ...found,
    ...without.map(({ number }, i): DicomElement[] => [
      { tag: OBSERVATION_NUMBER, vr: "IS", value: String(last + i + 1) },
      { tag: 0x30060084, vr: "IS", value: String(number) },
      // RT ROI Interpreted Type, ROI Interpreter.
      { tag: 0x300600a4, vr: "CS", value: "" },
      { tag: 0x300600a6, vr: "PN", value: "" },
    ]),
  ];
}

/** Observation Number. */
const OBSERVATION_NUMBER = 0x30060082;

/** The colours and the contours of a region of interest. */
function contourItem(
  { roi, contours }: {
    readonly roi: RegionOfInterest;
    readonly contours: readonly FixedContour[];
  },
  images: readonly SliceImage[],
): DicomElement[] {
  const items = contours.map(({ kind, points, slice }, i): DicomElement[] => {
    const elements: DicomElement[] = [
      { tag: 0x30060042, vr: "CS", value: kind },
      { tag: 0x30060046, vr: "IS", value: String(points.length) },
      { tag: 0x30060048, vr: "IS", value: String(i + 1) },
      { tag: 0x30060050, vr: "DS", value: points.flat().map(coordinate).join("\\") },
    ];
    if (slice !== undefined) {
      elements.push(implicitSequence(0x30060016, [referenceTo(images[slice])]));
    }
    return elements;
  });
  const elements: DicomElement[] = [
    ...roi.colours,
    { tag: 0x30060084, vr: "IS", value: String(roi.number) },
  ];
  // The sequence must have an item if it is there.
  if (items.length > 0) elements.push(implicitSequence(0x30060040, items));
  return elements;
}

function referenceTo({ kind, uid, frame }: SliceImage): DicomElement[] {
  const elements: DicomElement[] = [
    { tag: 0x00081150, vr: "UI", value: kind },
    { tag: 0x00081155, vr: "UI", value: uid },
  ];
  if (frame !== undefined) elements.push({ tag: 0x00081160, vr: "IS", value: String(frame) });
  return elements;
}

function coordinate(value: number): string {
  return String(Number(value.toFixed(DECIMALS)) + 0);
}

/**
 * The attributes of the fixed series, and a function for those of the source, in one character set: that of both, or
 * UTF-8 if the sets differ.
 */
function commonCharacterSet(source: StructureSet, fixed: SeriesTemplate) {
  const ofFixed = copied(OF_FIXED, fixed).filter(({ tag }) => isOfStructureSet(tag));
  const { characterSet: set } = fixed.texts;
  if (set === source.characterSet) {
    return { ofFixed, ofSource: (element: DicomElement) => element };
  }
  const recoded = (element: DicomElement, from: string): DicomElement =>
    element.value instanceof Uint8Array && element.vr !== "SQ" && !isPlain(element.value)
      ? { ...element, value: decodeText(element.value, from) }
      : element;
  const others = ofFixed.filter(({ tag }) => tag !== CHARACTER_SET);
  return {
    ofFixed: [
      { tag: CHARACTER_SET, vr: "CS", value: UTF_8_SET },
      ...others.map((element) => recoded(element, set)),
    ],
    ofSource: (element: DicomElement) => recoded(element, source.characterSet),
  };
}

/** Returns true for attributes of the patient, the study and the frame of reference; others are those of images. */
function isOfStructureSet(tag: number): boolean {
  const group = tag >>> 16;
  return group !== 0x0018 && tag !== 0x00200060;
}
