/**
 * RT Structure Sets made byte by byte, for tests of reading and mapping them.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { type MadeElement, madeFile, madeSequence } from "./dicom_file.ts";

/** A contour that is made for a test. */
export interface MadeContour {
  /** Contour Geometric Type. Default "CLOSED_PLANAR". */
  readonly kind?: string | undefined;
  /** The points, LPS mm. */
  readonly points: readonly Triple[];
  /** More elements. */
  readonly more?: readonly MadeElement[] | undefined;
}

/** A region of interest that is made for a test. */
export interface MadeRoi {
  readonly name: string;
  /** ROI Number. Default: from 1 in the order of the regions. */
  readonly number?: number | undefined;
  readonly contours: readonly MadeContour[];
  /** ROI Display Color. */
  readonly colour?: string | undefined;
  /** Default: that of the structure set. */
  readonly frameOfReference?: string | undefined;
}

/** A structure set that is made for a test. */
export interface MadeStructureSet {
  readonly rois: readonly MadeRoi[];
  /** Default "1.2.3.88". */
  readonly frameOfReference?: string | undefined;
  /** Series Instance UID of the images. Default "1.2.3.2". */
  readonly series?: string | undefined;
  /** Default: explicit little-endian. */
  readonly transferSyntax?: string | undefined;
  /** SOP Class UID. Default: RT Structure Set. */
  readonly kind?: string | undefined;
  /** More elements. */
  readonly more?: readonly MadeElement[] | undefined;
}

/** The bytes of a structure set. */
export function structureSetFile(
  {
    rois,
    frameOfReference = "1.2.3.88",
    series = "1.2.3.2",
    transferSyntax = "1.2.840.10008.1.2.1",
    kind = "1.2.840.10008.5.1.4.1.1.481.3",
    more = [],
  }: MadeStructureSet,
): Uint8Array {
  const sequence = (tag: number, items: readonly (readonly MadeElement[])[]) =>
    madeSequence(tag, items, transferSyntax);
  const numberOf = (i: number) => String(rois[i].number ?? i + 1);
  const contourItem = ({ kind = "CLOSED_PLANAR", points, more = [] }: MadeContour) => {
    const elements: MadeElement[] = [
      [0x30060042, "CS", kind],
      [0x30060046, "IS", String(points.length)],
      [0x30060050, "DS", points.flat().map((v) => String(Number(v.toFixed(4)))).join("\\")],
      ...more,
    ];
    return elements.sort(([a], [b]) => a - b);
  };
  const body: MadeElement[] = [
    [0x00080016, "UI", kind],
    [0x00080018, "UI", "1.2.3.99.1"],
    [0x00080060, "CS", "RTSTRUCT"],
    [0x00100010, "PN", "Doe^Jane"],
    [0x00100020, "LO", "P17"],
    [0x0020000d, "UI", "1.2.3"],
    [0x0020000e, "UI", "1.2.3.99"],
    [0x30060002, "SH", "Plan A"],
    sequence(0x30060010, [[
      [0x00200052, "UI", frameOfReference],
      sequence(0x30060012, [[
        [0x00081150, "UI", "1.2.840.10008.3.1.2.3.1"],
        [0x00081155, "UI", "1.2.3"],
        sequence(0x30060014, [[[0x0020000e, "UI", series]]]),
      ]]),
    ]]),
    sequence(
      0x30060020,
      rois.map((roi, i): MadeElement[] => [
        [0x30060022, "IS", numberOf(i)],
        [0x30060024, "UI", roi.frameOfReference ?? frameOfReference],
        [0x30060026, "LO", roi.name],
        [0x3006002c, "DS", "12.5"],
        [0x30060036, "CS", "MANUAL"],
      ]),
    ),
    sequence(
      0x30060039,
      rois.map((roi, i): MadeElement[] => [
        [0x3006002a, "IS", roi.colour ?? "255\\0\\0"],
        sequence(0x30060040, roi.contours.map(contourItem)),
        [0x30060084, "IS", numberOf(i)],
      ]),
    ),
    sequence(
      0x30060080,
      rois.map((_, i): MadeElement[] => [
        [0x30060082, "IS", String(i + 1)],
        [0x30060084, "IS", numberOf(i)],
        [0x300600a4, "CS", "ORGAN"],
        [0x300600a6, "PN", "Roe^Max"],
      ]),
    ),
    ...more,
  ];
  return madeFile({ kind, instance: "1.2.3.99.1", transferSyntax, body });
}

/** A circle in an axial plane, from the direction of x to that of y. */
export function circle(
  [x, y, z]: Triple,
  radius: number,
  count = 90,
): Triple[] {
  return Array.from({ length: count }, (_, i): Triple => {
    const angle = 2 * Math.PI * i / count;
    return [x + radius * Math.cos(angle), y + radius * Math.sin(angle), z];
  });
}
