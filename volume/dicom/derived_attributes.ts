/**
 * Attributes of objects that are derived from a series.
 *
 * @module
 */

import type { CopiedAttribute } from "./dicom_attributes.ts";
import type { DicomElement } from "./dicom_elements.ts";
import type { SeriesTemplate } from "./series_template.ts";

/** The distance of the number of the new series from that of the fixed one. */
const NUMBER_OFFSET = 1000;

/** The maximum of a whole number in a text (IS). */
const MAX_NUMBER = 2 ** 31 - 1;

/** The number of the new series; the number of the fixed series may be no number or too large. */
export function numberAfter(fixed: number): number {
  const number = fixed + NUMBER_OFFSET;
  return Number.isInteger(number) && Math.abs(number) <= MAX_NUMBER ? number : NUMBER_OFFSET;
}

/** A text that every character set has, of at most `length` characters. */
export function asciiText(value: string, length: number): string {
  return value.replace(/[^\x20-\x7e]|\\/g, "?").slice(0, length);
}

/** Attributes of a series, or the values that stand for missing ones. */
export function copied(
  attributes: readonly CopiedAttribute[],
  series: SeriesTemplate | undefined,
): DicomElement[] {
  return attributes.flatMap(({ tag, vr, missing }) => {
    const found = series?.attributes.get(tag);
    if (found !== undefined) return [found];
    return missing === undefined ? [] : [{ tag, vr, value: missing }];
  });
}
