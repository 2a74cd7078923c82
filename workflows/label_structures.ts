/**
 * RT Structure Sets in the place of label images.
 *
 * @module
 */

import type { LabelFiles } from "../cohort/manifest.ts";
import { labelIds, structureLabels } from "../volume/dicom/structure_labels.ts";
import { isDicomFile, readStructureSet, type StructureSet } from "../volume/dicom/structure_set.ts";
import { isFolder } from "../volume/dicom/open_dicom.ts";
import type { Grid } from "../volume/grid.ts";
import type { LabelVolume } from "../volume/volume.ts";
import { checkSameFrame, seriesOfStructures } from "./structure_series.ts";

/** Something of the fixed and of the moving image. */
interface Both<T> {
  readonly fixed: T;
  readonly moving: T;
}

/** The images and the labels of a registration. */
export interface LabelledPaths {
  /** The fixed image. */
  readonly fixed: string;
  /** The moving image. */
  readonly moving: string;
  /** The chosen series of the fixed image. */
  readonly fixedSeries?: string | undefined;
  /** The chosen series of the moving image. */
  readonly movingSeries?: string | undefined;
  /** Labels of the fixed image. */
  readonly fixedLabels?: LabelFiles | undefined;
  /** Labels of the moving image. */
  readonly movingLabels?: LabelFiles | undefined;
}

/**
 * Reads the structure sets among the labels.
 *
 * @returns undefined for labels that are not a DICOM file.
 * @throws {DicomSeriesError} when one is no structure set, or was not drawn on its DICOM image.
 */
export async function readLabelStructures(
  paths: LabelledPaths,
): Promise<Both<StructureSet | undefined>> {
  const read = async (
    labels: LabelFiles | undefined,
    image: string,
    choice: string | undefined,
  ) => {
    if (typeof labels !== "string" || await isFolder(labels) || !await isDicomFile(labels)) {
      return undefined;
    }
    const structures = await readStructureSet(labels);
    const series = await seriesOfStructures(image, structures, choice);
    // An image that is not DICOM has no frame of reference.
    if (series !== undefined) checkSameFrame(structures, series, image);
    return structures;
  };
  return {
    fixed: await read(paths.fixedLabels, paths.fixed, paths.fixedSeries),
    moving: await read(paths.movingLabels, paths.moving, paths.movingSeries),
  };
}

/**
 * The label images of structure sets, on the grids of their images. Regions of the same name in both have the same
 * label.
 */
export function labelsOfStructures(
  { fixed, moving }: Both<StructureSet | undefined>,
  grids: Both<Grid>,
  onNotice: (notice: string) => void,
): Both<LabelVolume | undefined> {
  const fixedIds = fixed === undefined ? undefined : labelIds(fixed);
  const labels = (structures: StructureSet | undefined, grid: Grid, ids: Map<string, number>) =>
    structures === undefined ? undefined : structureLabels({ structures, grid, ids, onNotice });
  return {
    fixed: labels(fixed, grids.fixed, fixedIds ?? new Map()),
    moving: labels(moving, grids.moving, moving ? labelIds(moving, fixedIds) : new Map()),
  };
}
