/**
 * Converts the stored values of a NIfTI file to intensities and labels.
 *
 * @module
 */

import type { Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import { ImageShapeError, NonFiniteVoxelsError, NotLabelsError } from "./nifti_errors.ts";
import type { NiftiSource } from "./nifti_source.ts";
import type { LabelVolume, Volume } from "./volume.ts";

/** The maximum distance of a stored label from a whole number: allows scaled and single-precision labels. */
const LABEL_TOLERANCE = 1e-3;

/** The largest label id, 2^31 - 1. */
const MAX_LABEL = 2147483647;

/** Reads an intensity image. */
export async function intensities(source: NiftiSource): Promise<Volume> {
  const grid = singleVolume(source);
  return { grid, data: await readIntensities(source, grid.voxels) };
}

/** Reads `count` scaled values, all of them finite. */
export async function readIntensities(source: NiftiSource, count: number): Promise<Float32Array> {
  const { name, header: { slope, intercept } } = source;
  source.check(count);
  const data = room(name, () => new Float32Array(count));
  let nonFinite = 0;
  let firstNonFinite = -1;
  await source.read(count, (values, first) => {
    if (slope === 1 && intercept === 0) data.set(values, first);
    else {
      for (let i = 0; i < values.length; i++) data[first + i] = values[i] * slope + intercept;
    }
    for (let i = first; i < first + values.length; i++) {
      if (Number.isFinite(data[i])) continue;
      if (nonFinite++ === 0) firstNonFinite = i;
    }
  });
  if (nonFinite > 0) throw nonFiniteVoxels(source, nonFinite, firstNonFinite, count);
  return data;
}

/** Reads a label image. */
export async function labels(source: NiftiSource): Promise<LabelVolume> {
  const { name, header: { slope, intercept } } = source;
  const grid = singleVolume(source);
  source.check(grid.voxels);
  const data = room(name, () => new Int32Array(grid.voxels));
  let nonFinite = 0;
  let firstNonFinite = -1;
  let wrong = 0;
  let firstWrong = -1;
  let wrongValue = 0;
  await source.read(grid.voxels, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] * slope + intercept;
      const label = Math.round(value);
      if (label === (label | 0) && label >= 0 && Math.abs(value - label) <= LABEL_TOLERANCE) {
        data[first + i] = label;
      } else if (!Number.isFinite(value)) {
        if (nonFinite++ === 0) firstNonFinite = first + i;
      } else if (wrong++ === 0) [firstWrong, wrongValue] = [first + i, value];
    }
  });
  if (nonFinite > 0) throw nonFiniteVoxels(source, nonFinite, firstNonFinite, grid.voxels);
  if (wrong > 0) {
    const isTooLarge = wrongValue > MAX_LABEL;
    throw new NotLabelsError(
      `${name}: ${wrong} of ${grid.voxels} voxels are not a label id (a whole number from 0` +
        `${isTooLarge ? ` to ${MAX_LABEL}` : ""}), ` +
        `the first is number ${firstWrong}, at ${
          indexText(firstWrong, grid.size)
        }: ${wrongValue}. ` +
        (isTooLarge
          ? "Replace the ids above the limit by smaller ones."
          : "Give a label image, and resample labels with nearest neighbour only."),
    );
  }
  return { grid, data };
}

/** The grid of the first three axes. */
export function spatialGrid({ header }: NiftiSource): Promise<Grid> {
  const [nx, ny = 1, nz = 1] = header.dimensions;
  return Promise.resolve(new Grid([nx, ny, nz], header.affine));
}

/** The grid of a file that holds one volume. */
function singleVolume({ header, name }: NiftiSource): Grid {
  if ((header.interleaved ?? 1) !== 1) {
    throw new ImageShapeError(
      `${name} holds ${header.interleaved} values per voxel. Give a file with one: extract the values to be registered ` +
        "first.",
    );
  }
  const [nx, ny = 1, nz = 1, ...rest] = header.dimensions;
  if (rest.some((n) => n > 1)) {
    const volumes = rest.reduce((product, n) => product * n, 1);
    throw new ImageShapeError(
      `${name} holds ${volumes} volumes (${header.dimensions.join(" x ")}). ` +
        "Give a file with one: extract the volume to be registered first.",
    );
  }
  return new Grid([nx, ny, nz], header.affine);
}

/** Memory for voxels. */
function room<T>(name: string, make: () => T): T {
  try {
    return make();
  } catch (cause) {
    throw new ImageShapeError(
      `${name} is too large for this machine's memory. Crop it, or resample it coarser, first.`,
      { cause },
    );
  }
}

function nonFiniteVoxels(
  { name, header }: NiftiSource,
  nonFinite: number,
  first: number,
  count: number,
): NonFiniteVoxelsError {
  const [nx, ny = 1, nz = 1] = header.dimensions;
  return new NonFiniteVoxelsError(
    `${name}: ${nonFinite} of ${count} values are NaN or infinite (in single precision), the ` +
      `first is number ${first}, at ${indexText(first % (nx * ny * nz), [nx, ny, nz])}. ` +
      "Replace them (for example by the background's intensity) first.",
  );
}

/** The (i, j, k) of a voxel's number, both counted from 0. */
function indexText(i: number, [nx, ny]: Triple): string {
  return `(${i % nx}, ${Math.floor(i / nx) % ny}, ${Math.floor(i / (nx * ny))})`;
}
