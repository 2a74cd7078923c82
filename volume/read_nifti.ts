/**
 * Reading NIfTI images.
 *
 * @module
 */

import type { Triple } from "./affine.ts";
import { Grid } from "./grid.ts";
import { ImageShapeError, NonFiniteVoxelsError, NotLabelsError } from "./nifti_errors.ts";
import { fileName, type NiftiSource, withNifti } from "./nifti_source.ts";
import type { LabelVolume, Volume } from "./volume.ts";

/** How far a stored label may be from a whole number: room for scaled and single-precision labels. */
const LABEL_TOLERANCE = 1e-3;

/**
 * Decodes an intensity image: NIfTI-1 or NIfTI-2, any real voxel type, either byte order, gzip or not,
 * with its slope and intercept. The voxel-to-world matrix is the sform when its code is set, else the
 * qform, else the voxel size; a matrix whose axes are more than 0.57 degrees (a cosine of 0.01) off
 * right angles is refused.
 *
 * Intensities are single precision: 32- and 64-bit whole numbers beyond 2^24 (16,777,216) and doubles are
 * rounded to 24 significant bits, once, after scaling. Scaling itself is done in double precision.
 *
 * @param bytes - The file.
 * @param name - Its name, for messages.
 * @throws {NotNiftiError} when it is not a NIfTI file in one piece (an Analyze pair is not).
 * @throws {TruncatedFileError} when it ends too early or its gzip compression is damaged.
 * @throws {UnsupportedVoxelsError} when voxels are complex or coloured.
 * @throws {ImageShapeError} when it holds more than one volume or an axis has no voxels.
 * @throws {ImageGeometryError} when its voxel-to-world matrix is singular, sheared or not finite.
 * @throws {NonFiniteVoxelsError} when voxels are NaN or infinite.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { readNifti } from "./read_nifti.ts";
 * import { encodeNifti } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3]);
 * const file = await encodeNifti({ grid, data: new Float32Array([-1000, 40]) });
 * assertEquals((await readNifti(file)).data, new Float32Array([-1000, 40]));
 * ```
 */
export function readNifti(bytes: Uint8Array, name = "the image"): Promise<Volume> {
  return withNifti(bytes, name, intensities);
}

/**
 * Decodes a label image: whole numbers (to 0.001) from 0 to 2^31 - 1, whatever type they are stored in.
 *
 * @throws {NotLabelsError} when a voxel is negative or not a whole number; otherwise as
 * {@link readNifti}.
 */
export function readNiftiLabels(
  bytes: Uint8Array,
  name = "the label image",
): Promise<LabelVolume> {
  return withNifti(bytes, name, labels);
}

/**
 * Reads an intensity image from a file; see {@link readNifti}. The file is read and decoded in pieces:
 * memory is little more than the result's 4 bytes a voxel.
 *
 * @param path - A .nii or .nii.gz file.
 * @throws {FileAccessError} when the file is missing or cannot be read; otherwise as {@link readNifti}.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { readVolume } from "./read_nifti.ts";
 * import { writeVolume } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/ct.nii.gz`;
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3], [-10, 20, 30]);
 * await writeVolume(path, { grid, data: new Float32Array([-1000, 40]) }, { type: "int16" });
 *
 * const volume = await readVolume(path);
 * assertEquals(volume.grid.world([0, 0, 0]), [-10, 20, 30]);
 * ```
 */
export async function readVolume(path: string | URL): Promise<Volume> {
  return await withNifti(path, fileName(path), intensities);
}

/** Reads a label image from a file; errors are those of {@link readNiftiLabels} and {@link readVolume}. */
export async function readLabelVolume(path: string | URL): Promise<LabelVolume> {
  return await withNifti(path, fileName(path), labels);
}

async function intensities(source: NiftiSource): Promise<Volume> {
  const grid = singleVolume(source);
  return { grid, data: await readIntensities(source, grid.voxels) };
}

/** Reads `count` scaled values, all of them finite. */
export async function readIntensities(source: NiftiSource, count: number): Promise<Float32Array> {
  const { name, header: { slope, intercept } } = source;
  source.check(count);
  const data = room(name, () => new Float32Array(count));
  let nonFinite = 0, firstNonFinite = -1;
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

async function labels(source: NiftiSource): Promise<LabelVolume> {
  const { name, header: { slope, intercept } } = source;
  const grid = singleVolume(source);
  source.check(grid.voxels);
  const data = room(name, () => new Int32Array(grid.voxels));
  let nonFinite = 0, firstNonFinite = -1, wrong = 0, firstWrong = -1, wrongValue = 0;
  await source.read(grid.voxels, (values, first) => {
    for (let i = 0; i < values.length; i++) {
      const value = values[i] * slope + intercept, label = Math.round(value);
      if (label === (label | 0) && label >= 0 && Math.abs(value - label) <= LABEL_TOLERANCE) {
        data[first + i] = label;
      } else if (!Number.isFinite(value)) {
        if (nonFinite++ === 0) firstNonFinite = first + i;
      } else if (wrong++ === 0) [firstWrong, wrongValue] = [first + i, value];
    }
  });
  if (nonFinite > 0) throw nonFiniteVoxels(source, nonFinite, firstNonFinite, grid.voxels);
  if (wrong > 0) {
    throw new NotLabelsError(
      `${name}: ${wrong} of ${grid.voxels} voxels are not a label id (a whole number from 0), ` +
        `the first is number ${firstWrong}, at ${
          indexText(firstWrong, grid.size)
        }: ${wrongValue}. ` +
        "Give a label image, and resample labels with nearest neighbour only.",
    );
  }
  return { grid, data };
}

/** The grid of a file that holds one volume. */
function singleVolume({ header, name }: NiftiSource): Grid {
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
