/**
 * The DICOM series to which a structure set belongs.
 *
 * @module
 */

import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { readSeriesTemplate, type SeriesTemplate } from "../volume/dicom/series_template.ts";
import type { StructureSet } from "../volume/dicom/structure_set.ts";

/**
 * Reads the series on which contours were drawn. Among several, it is the one that the structure set names.
 *
 * @param path - A folder or a zip file.
 * @throws {DicomSeriesError} when it has no such series.
 */
export async function seriesOfStructures(
  path: string,
  { series, file }: StructureSet,
): Promise<SeriesTemplate> {
  const read = (choice: string | undefined) =>
    readSeriesTemplate(path, { onNotice: () => {}, series: choice });
  const found = await read(undefined).catch((error) => {
    if (!(error instanceof DicomSeriesError) || error.series.length === 0) throw error;
    if (series.length === 0) throw error;
    return read(series[0]);
  });
  if (found === undefined) {
    throw new DicomSeriesError(
      `${path} is no DICOM series (a folder or a zip file), on which the contours of ${file} were drawn. Give its folder.`,
    );
  }
  return found;
}

/**
 * Checks that contours and a series are in one frame of reference.
 *
 * @param name - The series, for the message.
 * @throws {DicomSeriesError} when they are not.
 */
export function checkSameFrame(
  { frameOfReference: of, file }: StructureSet,
  { texts: { frameOfReference } }: SeriesTemplate,
  name: string,
): void {
  if (of === "" || frameOfReference === "" || of === frameOfReference) return;
  throw new DicomSeriesError(
    `${file} is in the frame of reference ${of}, and ${name} is in ${frameOfReference}: the contours were not drawn on ` +
      "this series. Give the structure set of this series, or its own series.",
  );
}
