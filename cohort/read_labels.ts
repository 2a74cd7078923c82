/**
 * A subject's labels, from one label image or from a mask for each structure.
 *
 * @module
 */

import { readLabelVolume } from "../volume/read_nifti.ts";
import type { ReadOptions } from "../volume/read_options.ts";
import type { LabelVolume } from "../volume/volume.ts";
import { isRenumbered, type LabelFiles, ManifestError } from "./manifest.ts";

/**
 * Reads labels. Where masks overlap, the structure that is named first keeps the voxel.
 *
 * @param files - A label image, with or without other ids, or masks (every voxel that is not 0) by label id.
 * @throws {ManifestError} when masks lie on different grids.
 */
export async function readLabels(
  files: LabelFiles,
  options: ReadOptions = {},
): Promise<LabelVolume> {
  if (typeof files === "string") return await readLabelVolume(files, options);
  if (isRenumbered(files)) {
    const { grid, data } = await readLabelVolume(files.file, options);
    return { grid, data: data.map((id) => files.ids[id] ?? 0) };
  }
  let merged: LabelVolume | undefined;
  let firstPath = "";
  for (const [id, path] of Object.entries(files)) {
    const mask = await readLabelVolume(path, options);
    if (merged === undefined) {
      merged = { grid: mask.grid, data: new Int32Array(mask.data.length) };
      firstPath = path;
    } else if (!mask.grid.equals(merged.grid, 0.01)) {
      throw new ManifestError(
        `The masks ${firstPath} and ${path} lie on different grids: resample one to the other`,
      );
    }
    for (let i = 0; i < mask.data.length; i++) {
      if (mask.data[i] !== 0 && merged.data[i] === 0) merged.data[i] = Number(id);
    }
  }
  if (merged === undefined) throw new ManifestError("A subject's labels name no file");
  return merged;
}

/** The files of labels. */
export function labelPaths(files: LabelFiles): string[] {
  if (typeof files === "string") return [files];
  return isRenumbered(files) ? [files.file] : Object.values(files);
}

/** The labels with other paths. */
export function withLabelPaths(files: LabelFiles, path: (file: string) => string): LabelFiles {
  if (typeof files === "string") return path(files);
  if (isRenumbered(files)) return { file: path(files.file), ids: files.ids };
  return Object.fromEntries(Object.entries(files).map(([id, file]) => [id, path(file)]));
}
