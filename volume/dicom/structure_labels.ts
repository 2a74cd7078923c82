/**
 * Regions of interest as a label image.
 *
 * @module
 */

import { transformPoint } from "../affine.ts";
import type { Grid } from "../grid.ts";
import type { LabelVolume } from "../volume.ts";
import { DicomSeriesError } from "./dicom_errors.ts";
import { endPoints, isArea, roiBodies, type RoiBody } from "./roi_bodies.ts";
import type { StructureSet } from "./structure_set.ts";

/** Options of {@link structureLabels}. */
export interface StructureLabelsOptions {
  /** The structure set, in the world of the grid. */
  readonly structures: StructureSet;
  /** The grid of the image on which the contours were drawn. */
  readonly grid: Grid;
  /** The labels by names of regions; see {@link labelIds}. */
  readonly ids: ReadonlyMap<string, number>;
  /** Is called with each warning: one line. */
  readonly onNotice: (notice: string) => void;
}

/**
 * The labels of regions by their names: their numbers if these are above 0, otherwise the next free numbers. Names that
 * are in `known` have the label from there, whatever their capital letters and spaces.
 */
export function labelIds(
  { rois }: StructureSet,
  known: ReadonlyMap<string, number> = new Map(),
): Map<string, number> {
  const used = new Set(known.values());
  const ids = new Map<string, number>();
  const ofName = new Map([...known].map(([name, id]) => [plainName(name), id]));
  for (const { name, number } of rois) {
    let id = ofName.get(plainName(name)) ?? ids.get(name);
    if (id === undefined) {
      for (id = Math.max(1, number); used.has(id);) id++;
    }
    used.add(id);
    ids.set(name, id);
  }
  return ids;
}

function plainName(name: string): string {
  return name.trim().toLowerCase().replace(/[\s_-]+/g, " ");
}

/**
 * A label image of the regions: a voxel has the label of the region whose body contains its centre. Where regions
 * overlap, the smaller one keeps the voxel. Points and open contours have no voxels; a warning names them.
 *
 * @throws {DicomSeriesError} when the contours of a region are not in parallel planes, or no region has a voxel.
 */
export function structureLabels(
  { structures, grid, ids, onNotice }: StructureLabelsOptions,
): LabelVolume {
  const { rois, file } = structures;
  const { spacing } = grid;
  const bodies = roiBodies(structures, {
    pixel: Math.min(...spacing) / 2,
    others: grid,
    onNotice,
  });
  const areas = bodies.map((body, i) => {
    const { name, contours } = rois[i];
    const loose = contours.filter((contour) => !isArea(contour)).length;
    if (loose > 0) onNotice(`${file}, ROI "${name}": ${loose} points and lines are no labels.`);
    const runs = body === undefined ? [] : runsOf(body, grid);
    if (body !== undefined && runs.length === 0) {
      onNotice(`${file}, ROI "${name}": it has no voxel in the image.`);
    }
    const voxels = runs.reduce((sum, [from, to]) => sum + to - from, 0);
    return { runs, voxels, id: ids.get(name)! };
  });
  const data = new Int32Array(grid.voxels);
  let overlap = 0;
  for (const { runs, id } of areas.sort((a, b) => b.voxels - a.voxels)) {
    for (const [from, to] of runs) {
      for (let voxel = from; voxel < to; voxel++) {
        if (data[voxel] !== 0 && data[voxel] !== id) overlap++;
        data[voxel] = id;
      }
    }
  }
  if (overlap > 0) {
    onNotice(
      `${file}: its ROIs overlap in ${overlap} voxels, which have the label of the smaller one.`,
    );
  }
  const list = [...ids].map(([name, id]) => `${id} "${name}"`).join(", ");
  if (areas.every(({ voxels }) => voxels === 0)) {
    throw new DicomSeriesError(
      `${file}: no ROI has a voxel in the image. Check that the contours were drawn on this image.`,
    );
  }
  onNotice(`${file}: its ROIs are the labels ${list}.`);
  return { grid, data };
}

/** The voxels of a body along x: the first one of each run, and the one after the last. */
function runsOf(body: RoiBody, grid: Grid): [from: number, to: number][] {
  const { size, inverse, affine: m } = grid;
  const low = [Infinity, Infinity, Infinity];
  const high = [-Infinity, -Infinity, -Infinity];
  for (const point of endPoints(body)) {
    transformPoint(inverse, point).forEach((v, axis) => {
      low[axis] = Math.min(low[axis], v);
      high[axis] = Math.max(high[axis], v);
    });
  }
  const [x0, y0, z0] = low.map((v) => Math.max(0, Math.floor(v)));
  const [x1, y1, z1] = high.map((v, axis) => Math.min(size[axis] - 1, Math.ceil(v)));
  const runs: [number, number][] = [];
  for (let z = z0; z <= z1; z++) {
    for (let y = y0; y <= y1; y++) {
      const row = size[0] * (y + size[1] * z);
      let start = -1;
      for (let x = x0; x <= x1 + 1; x++) {
        const isInside = x <= x1 && body.solid.depth(
              m[0] * x + m[1] * y + m[2] * z + m[3],
              m[4] * x + m[5] * y + m[6] * z + m[7],
              m[8] * x + m[9] * y + m[10] * z + m[11],
            ) > 0;
        if (isInside && start < 0) start = x;
        if (!isInside && start >= 0) {
          runs.push([row + start, row + x]);
          start = -1;
        }
      }
    }
  }
  return runs;
}
