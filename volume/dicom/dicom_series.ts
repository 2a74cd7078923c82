/**
 * The series of a DICOM folder: found, listed and chosen.
 *
 * @module
 */

import type { Triple } from "../affine.ts";
import type { DicomFile, DicomFrame } from "./dicom_file.ts";
import { DicomSeriesError } from "./dicom_errors.ts";

/** A slice: a frame and its file. */
export interface DicomSlice {
  /** The file. */
  readonly file: DicomFile;
  /** The frame. */
  readonly frame: DicomFrame;
}

/** The slices of a series that have one size and one orientation. */
export interface DicomSeries {
  /** Series Instance UID. */
  readonly uid: string;
  /** The slices in no order. */
  readonly slices: readonly DicomSlice[];
}

/**
 * The series of files, in the order of their numbers. Slices of other sizes or orientations, such as those of a scout,
 * are series of their own. A series with several slices at the same position is divided by echo time, image type, time
 * point or acquisition number, if one of these separates them.
 */
export function seriesOf(files: readonly DicomFile[]): DicomSeries[] {
  const groups = new Map<string, DicomSlice[]>();
  const ordered = [...files].sort((a, b) =>
    a.number - b.number || compare(a.series, b.series) || compare(a.path, b.path)
  );
  for (const file of ordered) {
    for (const frame of file.frames) {
      // The sum makes 0 of -0, into which a cosine of -1e-9 is rounded.
      const axes = frame.orientation?.flat().map((v) => Math.round(1000 * v) + 0).join() ?? "";
      const spacing = frame.spacing?.map((v) => v.toFixed(4)).join() ?? "";
      const key = [file.series, file.size.join(), axes, spacing].join("|");
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [{ file, frame }]);
      else group.push({ file, frame });
    }
  }
  return [...groups.values()].flatMap(divided).map((slices) => ({
    uid: slices[0].file.series,
    slices,
  }));
}

/**
 * The parts of a group in which no position occurs twice; the group itself if no attribute separates it. Parts of one
 * slice are no volumes: the attribute differs in every image, as a trigger time does.
 */
function divided(slices: DicomSlice[]): DicomSlice[][] {
  if (!hasRepeats(slices)) return [slices];
  const attributes = slices[0].file.parts.length;
  for (let attribute = 0; attribute < attributes; attribute++) {
    const parts = new Map<string, DicomSlice[]>();
    for (const slice of slices) {
      const value = slice.file.parts[attribute];
      parts.set(value, [...parts.get(value) ?? [], slice]);
    }
    const found = [...parts.values()];
    const isWhole = (part: readonly DicomSlice[]) => part.length > 1 && !hasRepeats(part);
    if (found.length > 1 && found.every(isWhole)) return found;
  }
  return [slices];
}

/** Returns true if two slices have the same position. */
export function hasRepeats(slices: readonly DicomSlice[]): boolean {
  const positions = new Set(slices.map(({ frame }) => frame.position?.join() ?? ""));
  return positions.size < slices.length;
}

/** A series in one line: modality, description, size, spacing and UID. */
export function describeSeries({ slices, uid }: DicomSeries): string {
  const [{ file, frame }] = slices;
  const size = [...file.size, slices.length].join(" x ");
  const number = (value: number | undefined) =>
    value === undefined ? "?" : String(Number(value.toPrecision(4)));
  const spacing = [...frame.spacing ?? [undefined, undefined], stepOf(slices)].map(number);
  const name = file.description === "" ? "no description" : `"${file.description}"`;
  return `${file.modality}, ${name}, ${size} voxels of ${spacing.join(" x ")} mm, ${uid}`;
}

/** The mean distance of neighbouring slices, mm; of a single slice its thickness. */
function stepOf(slices: readonly DicomSlice[]): number | undefined {
  const heights = slices.flatMap(({ frame }) => heightOf(frame) ?? []);
  if (heights.length < slices.length) return undefined;
  if (slices.length === 1) return slices[0].frame.thickness;
  const [low, high] = heights.reduce(
    ([min, max], v) => [Math.min(min, v), Math.max(max, v)],
    [Infinity, -Infinity],
  );
  return (high - low) / (slices.length - 1);
}

/** The position of a slice along its normal, mm. */
export function heightOf({ position, orientation }: DicomFrame): number | undefined {
  if (position === undefined || orientation === undefined) return undefined;
  return normalOf(orientation).reduce((sum, v, axis) => sum + v * position[axis], 0);
}

/** The unit vector along which slices are stacked. The cross product is longer or shorter: files round the cosines. */
export function normalOf(
  [[a, b, c], [d, e, f]]: NonNullable<DicomFrame["orientation"]>,
): Triple {
  const product: Triple = [b * f - c * e, c * d - a * f, a * e - b * d];
  const length = Math.hypot(...product);
  return [product[0] / length, product[1] / length, product[2] / length];
}

/**
 * The series that the user chose.
 *
 * @param folder - The folder, for messages.
 * @param choice - The number in the list, from 1, or the UID; undefined if the user chose none.
 * @throws {DicomSeriesError} with the list of the series when there are several and none, or none of these, is chosen,
 * or when several have the UID.
 */
export function chosenSeries(
  series: readonly DicomSeries[],
  folder: string,
  choice: string | undefined,
): DicomSeries {
  const descriptions = series.map(describeSeries);
  const lines = descriptions.map((text, i) => `\n  ${i + 1}: ${text}`);
  const list = lines.join("");
  if (choice === undefined) {
    if (series.length === 1) return series[0];
    throw new DicomSeriesError(
      `${folder} holds ${series.length} series. Choose one by its number with --series (the option \`series\`):${list}`,
      { series: descriptions },
    );
  }
  const isNumber = /^\d+$/.test(choice);
  const found = isNumber
    ? series.filter((_, i) => i + 1 === Number(choice))
    : series.filter(({ uid }) => uid === choice);
  if (found.length === 1) return found[0];
  if (found.length > 1) {
    throw new DicomSeriesError(
      `${folder} holds ${found.length} series with the UID ${choice}: choose one by its number:${
        lines.filter((_, i) => found.includes(series[i])).join("")
      }`,
    );
  }
  throw new DicomSeriesError(`${folder} has no series "${choice}". Its series are:${list}`);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
