/**
 * DICOM files made byte by byte after PS3.5, for tests of reading them.
 *
 * @module
 */

import { joinBytes } from "../host/join_bytes.ts";
import type { Triple } from "../volume/affine.ts";

/** A file that is made for a test. */
export interface MadeDicom {
  readonly series: string;
  readonly number: number;
  readonly modality: string;
  readonly description: string;
  readonly instance: number;
  readonly position: Triple | undefined;
  /** Directions of increasing column index and row index. */
  readonly orientation: readonly number[];
  /** Distance of rows, then of columns, mm. */
  readonly spacing: readonly [rows: number, columns: number];
  readonly thickness: number;
  readonly columns: number;
  readonly rows: number;
  /** Stored pixels, row by row. */
  readonly pixels: readonly number[];
  readonly bitsStored: number;
  readonly isSigned: boolean;
  readonly slope: number;
  readonly intercept: number;
  readonly transferSyntax: string;
  readonly echoTime: number;
  readonly samples: number;
  /** Positions of the frames of an enhanced file, in place of `position`. */
  readonly frames: readonly Triple[] | undefined;
  /** 16, or 8 for encoded frames. */
  readonly bitsAllocated: number;
  /** Compressed frames in place of `pixels`, each as its fragments. */
  readonly encoded: readonly (readonly Uint8Array[])[] | undefined;
  /** Whether the offsets of the compressed frames are there. */
  readonly hasOffsets: boolean;
  /** Lossy Image Compression, such as "01". */
  readonly lossy: string | undefined;
  /** More elements with texts, such as those of the patient. */
  readonly texts: readonly (readonly [tag: number, vr: string, text: string])[];
}

const PLAIN: MadeDicom = {
  series: "1.2.3.4",
  number: 2,
  modality: "CT",
  description: "Thorax",
  instance: 1,
  position: [0, 0, 0],
  orientation: [1, 0, 0, 0, 1, 0],
  spacing: [2, 3],
  thickness: 5,
  columns: 3,
  rows: 2,
  pixels: [0, 1, 2, 3, 4, 5],
  bitsStored: 16,
  isSigned: false,
  slope: 1,
  intercept: -1024,
  transferSyntax: "1.2.840.10008.1.2.1",
  echoTime: 0,
  samples: 1,
  frames: undefined,
  bitsAllocated: 16,
  encoded: undefined,
  hasOffsets: false,
  lossy: undefined,
  texts: [],
};

type Value = string | readonly number[] | Uint8Array;

/** A data element of a file that is made for a test. */
export type MadeElement = readonly [tag: number, vr: string, value: Value];

type Element = MadeElement;

const LONG = ["OB", "OW", "SQ", "UN"];

const BIG_ENDIAN = "1.2.840.10008.1.2.2";
const IMPLICIT = "1.2.840.10008.1.2";

/** The bytes of a DICOM file. */
export function dicomFile(change: Partial<MadeDicom>): Uint8Array {
  const d = { ...PLAIN, ...change };
  const isEnhanced = d.frames !== undefined;
  const kind = isEnhanced ? "1.2.840.10008.5.1.4.1.1.2.1" : "1.2.840.10008.5.1.4.1.1.2";
  const instance = `${d.series}.${d.instance}`;
  const plane: Element[] = d.position === undefined
    ? []
    : [[0x00200032, "DS", d.position.join("\\")]];
  const directions: Element[] = [[0x00200037, "DS", d.orientation.join("\\")]];
  const measures: Element[] = [
    [0x00180050, "DS", String(d.thickness)],
    [0x00280030, "DS", d.spacing.join("\\")],
  ];
  const values: Element[] = [
    [0x00281052, "DS", String(d.intercept)],
    [0x00281053, "DS", String(d.slope)],
  ];
  const sequence = (tag: number, items: readonly Element[][]) =>
    madeSequence(tag, items, d.transferSyntax);
  const body: Element[] = [
    [0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL"],
    [0x00080016, "UI", kind],
    [0x00080018, "UI", instance],
    [0x00080060, "CS", d.modality],
    [0x0008103e, "LO", d.description],
    [0x00180081, "DS", String(d.echoTime)],
    [0x0020000d, "UI", "1.2.3"],
    [0x0020000e, "UI", d.series],
    [0x00200011, "IS", String(d.number)],
    [0x00200013, "IS", String(d.instance)],
    [0x00280002, "US", [d.samples]],
    [0x00280004, "CS", d.samples === 1 ? "MONOCHROME2" : "RGB"],
    [0x00280010, "US", [d.rows]],
    [0x00280011, "US", [d.columns]],
    [0x00280100, "US", [d.bitsAllocated]],
    [0x00280101, "US", [d.bitsStored]],
    [0x00280102, "US", [d.bitsStored - 1]],
    [0x00280103, "US", [d.isSigned ? 1 : 0]],
    d.encoded === undefined
      ? [0x7fe00010, "OW", d.pixels]
      : [0x7fe00010, "OB", encapsulated(d.encoded, d.hasOffsets)],
  ];
  body.push(...d.texts);
  if (d.lossy !== undefined) body.push([0x00282110, "CS", d.lossy]);
  if (isEnhanced) {
    body.push(
      [0x00280008, "IS", String(d.frames!.length)],
      sequence(0x52009229, [[
        sequence(0x00209116, [directions]),
        sequence(0x00289110, [measures]),
        sequence(0x00289145, [values]),
      ]]),
      sequence(
        0x52009230,
        d.frames!.map((position): Element[] => [
          sequence(0x00209113, [[[0x00200032, "DS", position.join("\\")]]]),
        ]),
      ),
    );
  } else body.push(...plane, ...directions, ...measures, ...values);
  return madeFile({ kind, instance, transferSyntax: d.transferSyntax, body });
}

/** Options of {@link madeFile}. */
export interface MadeFileOptions {
  /** SOP Class UID. */
  readonly kind: string;
  /** SOP Instance UID. */
  readonly instance: string;
  /** Transfer Syntax UID. */
  readonly transferSyntax: string;
  /** The elements in any order; sequences are those of {@link madeSequence}. */
  readonly body: readonly MadeElement[];
}

/** The bytes of any DICOM file. */
export function madeFile({ kind, instance, transferSyntax, body }: MadeFileOptions): Uint8Array {
  const meta = encoded([
    [0x00020001, "OB", Uint8Array.of(0, 1)],
    [0x00020002, "UI", kind],
    [0x00020003, "UI", instance],
    [0x00020010, "UI", transferSyntax],
  ]);
  const ordered = [...body].sort(([a], [b]) => a - b);
  return joinBytes([
    new Uint8Array(128),
    new TextEncoder().encode("DICM"),
    encoded([[0x00020000, "UL", [meta.length]]]),
    meta,
    encoded(ordered, transferSyntax === BIG_ENDIAN, transferSyntax === IMPLICIT),
  ]);
}

/** A sequence of a file in a transfer syntax. */
export function madeSequence(
  tag: number,
  items: readonly (readonly MadeElement[])[],
  transferSyntax: string,
): MadeElement {
  const isBig = transferSyntax === BIG_ENDIAN;
  const value = joinBytes(items.map((item) => {
    const bytes = encoded(item, isBig, transferSyntax === IMPLICIT);
    return joinBytes([tagged(0xfffee000, bytes.length, isBig), bytes]);
  }));
  return [tag, "SQ", value];
}

/** The items of compressed frames: the offsets of the frames, or none, the fragments, and the end. */
function encapsulated(
  frames: readonly (readonly Uint8Array[])[],
  hasOffsets: boolean,
): Uint8Array {
  const item = (bytes: Uint8Array) => joinBytes([tagged(0xfffee000, bytes.length, false), bytes]);
  const offsets: number[] = [];
  const items: Uint8Array[] = [];
  let at = 0;
  for (const fragments of frames) {
    offsets.push(at);
    for (const fragment of fragments) {
      const one = item(fragment);
      items.push(one);
      at += one.length;
    }
  }
  const table = contents("UL", hasOffsets ? offsets : [], false);
  return joinBytes([item(table), ...items, tagged(0xfffee0dd, 0, false)]);
}

/** Data elements one after another. Compressed pixels, which are OB at the tag of pixels, have no length. */
function encoded(elements: readonly Element[], isBig = false, isImplicit = false): Uint8Array {
  return joinBytes(elements.map(([tag, vr, value]) => {
    const bytes = contents(vr, value, isBig);
    if (isImplicit) return joinBytes([tagged(tag, bytes.length, false), bytes]);
    const isLong = LONG.includes(vr);
    const head = new Uint8Array(isLong ? 12 : 8);
    const view = new DataView(head.buffer);
    view.setUint16(0, tag >>> 16, !isBig);
    view.setUint16(2, tag & 0xffff, !isBig);
    head[4] = vr.charCodeAt(0);
    head[5] = vr.charCodeAt(1);
    const hasNoLength = tag === 0x7fe00010 && vr === "OB";
    if (isLong) view.setUint32(8, hasNoLength ? 0xffffffff : bytes.length, !isBig);
    else view.setUint16(6, bytes.length, !isBig);
    return joinBytes([head, bytes]);
  }));
}

/** A tag with a length of 32 bits: an item, or an element without its VR. */
function tagged(tag: number, length: number, isBig: boolean): Uint8Array {
  const head = new Uint8Array(8);
  const view = new DataView(head.buffer);
  view.setUint16(0, tag >>> 16, !isBig);
  view.setUint16(2, tag & 0xffff, !isBig);
  view.setUint32(4, length, !isBig);
  return head;
}

/** A value in an even number of bytes. */
function contents(vr: string, value: Value, isBig: boolean): Uint8Array {
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") {
    const text = value.length % 2 === 0 ? value : value + (vr === "UI" ? "\0" : " ");
    return new TextEncoder().encode(text);
  }
  const width = vr === "UL" ? 4 : 2;
  const bytes = new Uint8Array(width * value.length);
  const view = new DataView(bytes.buffer);
  value.forEach((one, i) => {
    if (width === 4) view.setUint32(4 * i, one, !isBig);
    else view.setUint16(2 * i, one & 0xffff, !isBig);
  });
  return bytes;
}
