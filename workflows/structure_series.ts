/**
 * The DICOM series to which a structure set belongs.
 *
 * @module
 */

import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import { readSeriesTemplate, type SeriesTemplate } from "../volume/dicom/series_template.ts";
import type { StructureSet } from "../volume/dicom/structure_set.ts";

/**
 * Reads the series on which contours were drawn. Among several, it is the chosen one, or the one that the structure set
 * names.
 *
 * @param path - A folder or a zip file.
 * @param choice - The number or the UID of the series; undefined if the user chose none.
 * @returns undefined if the path is neither.
 * @throws {DicomSeriesError} when it has no such series.
 */
export async function seriesOfStructures(
  path: string,
  { series }: StructureSet,
  choice: string | undefined,
): Promise<SeriesTemplate | undefined> {
  const read = (series: string | undefined) =>
    readSeriesTemplate(path, { onNotice: () => {}, series });
  return await read(choice).catch((error) => {
    const isOpen = choice === undefined && error instanceof DicomSeriesError &&
      error.series.length > 0;
    if (!isOpen || series.length === 0) throw error;
    return read(series[0]);
  });
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
