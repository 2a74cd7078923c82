/**
 * The bytes of DICOM files: data elements in explicit or implicit little-endian, PS3.5 and PS3.10.
 *
 * @module
 */

import { joinBytes } from "../../host/join_bytes.ts";
import { EXPLICIT_LITTLE_ENDIAN, IMPLICIT_LITTLE_ENDIAN } from "./transfer_syntaxes.ts";

/** A data element: its tag, its type (VR), and a text, numbers of 16 or 32 bits, or bytes. */
export interface DicomElement {
  /** Group and element as one number. */
  readonly tag: number;
  /** The two letters of the value representation. */
  readonly vr: string;
  /** The value. Texts are ASCII. */
  readonly value: string | readonly number[] | Uint8Array;
}

/** Types whose lengths have 32 bits. */
const LONG = ["OB", "OW", "SQ", "UN", "UT"];

/** Data elements in the order of their tags. */
export function encodeElements(elements: readonly DicomElement[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  for (const { tag, vr, value } of [...elements].sort((a, b) => a.tag - b.tag)) {
    const bytes = valueBytes(vr, value);
    const isLong = LONG.includes(vr);
    const head = new Uint8Array(isLong ? 12 : 8);
    const view = new DataView(head.buffer);
    view.setUint16(0, tag >>> 16, true);
    view.setUint16(2, tag & 0xffff, true);
    head.set([vr.charCodeAt(0), vr.charCodeAt(1)], 4);
    if (isLong) view.setUint32(8, bytes.length, true);
    else view.setUint16(6, bytes.length, true);
    parts.push(head, bytes);
  }
  return joinBytes(parts);
}

/** Data elements in the order of their tags, without their types; all lengths have 32 bits. */
export function encodeImplicit(elements: readonly DicomElement[]): Uint8Array<ArrayBuffer> {
  const ordered = [...elements].sort((a, b) => a.tag - b.tag);
  return joinBytes(ordered.flatMap(({ tag, vr, value }) => {
    const bytes = valueBytes(vr, value);
    return [taggedLength(tag, bytes.length), bytes];
  }));
}

/** A sequence (SQ) of a file without types. */
export function implicitSequence(
  tag: number,
  items: readonly (readonly DicomElement[])[],
): DicomElement {
  const value = joinBytes(items.flatMap((item) => {
    const bytes = encodeImplicit(item);
    return [taggedLength(ITEM, bytes.length), bytes];
  }));
  return { tag, vr: "SQ", value };
}

/** The tag of an item of a sequence. */
const ITEM = 0xfffee000;

/** A tag and a length of 32 bits. */
function taggedLength(tag: number, length: number): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, true);
  view.setUint16(2, tag & 0xffff, true);
  view.setUint32(4, length, true);
  return head;
}

/** The UIDs of a file. */
export interface DicomFileIds {
  /** The kind of object: SOP Class UID. */
  readonly kind: string;
  /** The object: SOP Instance UID. */
  readonly image: string;
  /** The program. */
  readonly program: string;
}

/** Options of {@link encodeDicomFile}. */
export interface DicomFileOptions {
  /**
   * Leaves out the types of the elements, so that texts may have more than 65534 bytes. Sequences must then be those of
   * {@link implicitSequence}. Default false.
   */
  readonly isImplicit?: boolean | undefined;
}

/** A DICOM file. */
export function encodeDicomFile(
  elements: readonly DicomElement[],
  ids: DicomFileIds,
  { isImplicit = false }: DicomFileOptions = {},
): Uint8Array<ArrayBuffer> {
  const meta = encodeElements([
    { tag: 0x00020001, vr: "OB", value: Uint8Array.of(0, 1) },
    { tag: 0x00020002, vr: "UI", value: ids.kind },
    { tag: 0x00020003, vr: "UI", value: ids.image },
    {
      tag: 0x00020010,
      vr: "UI",
      value: isImplicit ? IMPLICIT_LITTLE_ENDIAN : EXPLICIT_LITTLE_ENDIAN,
    },
    { tag: 0x00020012, vr: "UI", value: ids.program },
    { tag: 0x00020013, vr: "SH", value: "CROSSWARP" },
  ]);
  return joinBytes([
    new Uint8Array(128),
    new TextEncoder().encode("DICM"),
    encodeElements([{ tag: 0x00020000, vr: "UL", value: [meta.length] }]),
    meta,
    isImplicit ? encodeImplicit(elements) : encodeElements(elements),
  ]);
}

/** A number as a decimal string (DS), which has at most 16 characters. */
export function decimalString(value: number): string {
  let text = String(value);
  for (let digits = 15; text.length > 16; digits--) {
    text = String(Number(value.toPrecision(digits)));
  }
  return text;
}

/** A value in an even number of bytes. */
function valueBytes(vr: string, value: DicomElement["value"]): Uint8Array {
  const bytes = typeof value === "string"
    ? new TextEncoder().encode(value)
    : value instanceof Uint8Array
    ? value
    : numberBytes(vr, value);
  if (bytes.length % 2 === 0) return bytes;
  const padded = new Uint8Array(bytes.length + 1);
  padded.set(bytes);
  padded[bytes.length] = vr === "UI" || vr === "OB" ? 0 : 0x20;
  return padded;
}

function numberBytes(vr: string, values: readonly number[]): Uint8Array {
  const width = vr === "UL" ? 4 : 2;
  const bytes = new Uint8Array(width * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => {
    if (width === 4) view.setUint32(4 * i, value, true);
    else view.setUint16(2 * i, value, true);
  });
  return bytes;
}
