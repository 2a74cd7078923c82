/**
 * Reading images: NIfTI, and through formats/ and dicom/ NRRD, MetaImage, Analyze and DICOM.
 *
 * @module
 */

import { type FileInput, fileName } from "../host/file_input.ts";
import type { Grid } from "./grid.ts";
import { filesSource } from "./dicom/dicom_source.ts";
import { withDicom, withNifti } from "./nifti_source.ts";
import { intensities, labels, spatialGrid } from "./nifti_voxels.ts";
import type { ReadOptions } from "./read_options.ts";
import type { LabelVolume, Volume } from "./volume.ts";

/**
 * Decodes an intensity image: NIfTI-1 or NIfTI-2, any real voxel type, either byte order, gzip or not,
 * with its slope and intercept. The voxel-to-world matrix is the sform when its code is set, else the
 * qform, else the voxel size; a matrix whose axes are more than 0.06 degrees (a cosine of 0.001) off
 * right angles is refused. A header whose statements contradict each other is refused or causes a notice;
 * see {@link ReadOptions}.
 *
 * NRRD and MetaImage files in one piece are decoded, too. They may have any real voxel type, byte order and, except
 * bzip2 and hexadecimal, encoding; their axes become RAS. Headers with their voxels in another file need a path:
 * {@link readVolume}.
 *
 * Intensities are single precision: 32- and 64-bit whole numbers beyond 2^24 (16,777,216) and doubles are
 * rounded to 24 significant bits, once, after scaling. Scaling itself is done in double precision.
 *
 * @param bytes - The file.
 * @param name - The file's name, for messages.
 * @throws {NotNiftiError} when it is no image file of these formats.
 * @throws {ImageFileError} when the header of another format than NIfTI is damaged, or its voxels are in another file.
 * @throws {TruncatedFileError} when it ends too early or its gzip compression is damaged.
 * @throws {UnsupportedVoxelsError} when voxels are complex or coloured.
 * @throws {ImageShapeError} when it holds more than one volume or an axis has no voxels.
 * @throws {ImageGeometryError} when its voxel-to-world matrix is singular, sheared or not finite, when voxels
 * are larger than 50 mm or smaller than 0.01 mm, or when sform and pixdim give voxel sizes that differ by
 * more than 1 % and `options.trust` selects none.
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
export function readNifti(
  bytes: Uint8Array,
  name = "the image",
  options: ReadOptions = {},
): Promise<Volume> {
  return withNifti(bytes, name, options, intensities);
}

/**
 * Decodes a label image: whole numbers (to 0.001) from 0 to 2^31 - 1, stored in any type.
 *
 * @throws {NotLabelsError} when a voxel is negative or not a whole number; otherwise as
 * {@link readNifti}.
 */
export function readNiftiLabels(
  bytes: Uint8Array,
  name = "the label image",
  options: ReadOptions = {},
): Promise<LabelVolume> {
  return withNifti(bytes, name, options, labels);
}

/**
 * Reads an intensity image from a file; see {@link readNifti}. The file is read and decoded in pieces:
 * memory is little more than the result's 4 bytes per voxel.
 *
 * @param file - An image file: a path, an address, a `Blob` or `File`, or its bytes; see {@link FileInput}. NIfTI (.nii,
 * .nii.gz, the .hdr of a pair), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), the .hdr of an Analyze pair, a zip
 * file of DICOM files, or the path of a folder of them. The first bytes select the format.
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
export async function readVolume(file: FileInput, options: ReadOptions = {}): Promise<Volume> {
  return await withNifti(file, fileName(file, "the image"), options, intensities);
}

/** Options of {@link readDicomFiles}. */
export interface DicomFilesOptions extends ReadOptions {
  /** The name of the folder, for messages. Default "the folder". */
  readonly name?: string | undefined;
}

/**
 * Reads a DICOM series from the files of a folder, as a web page gets them by a drop or a file input. Files that are no
 * DICOM images are left out.
 *
 * @throws {DicomSeriesError} when there is no series, or several and `options.series` selects none: its property `series`
 * then lists them. Otherwise as {@link readVolume}.
 *
 * @example Usage
 * ```ts
 * import { readDicomFiles } from "./read_nifti.ts";
 *
 * async function readChosen(input: HTMLInputElement) {
 *   return await readDicomFiles([...input.files!], { series: "1" });
 * }
 * ```
 */
export async function readDicomFiles(
  files: readonly File[],
  { name = "the folder", ...options }: DicomFilesOptions = {},
): Promise<Volume> {
  return await withDicom(filesSource(files, name), name, options, intensities);
}

/** Reads a label image from a file; errors are those of {@link readNiftiLabels} and {@link readVolume}. */
export async function readLabelVolume(
  file: FileInput,
  options: ReadOptions = {},
): Promise<LabelVolume> {
  return await withNifti(file, fileName(file, "the label image"), options, labels);
}

/**
 * Reads the grid of an image file. The voxels are not read, so they may contain NaN. A NIfTI file may have
 * any voxel type and any number of volumes.
 *
 * @param file - An image file: a path, an address, a `Blob` or `File`, or its bytes; see {@link FileInput}. NIfTI (.nii,
 * .nii.gz, the .hdr of a pair), NRRD (.nrrd, .nhdr), MetaImage (.mha, .mhd), the .hdr of an Analyze pair, a zip
 * file of DICOM files, or the path of a folder of them. The first bytes select the format.
 * @throws {FileAccessError} when the file is missing or cannot be read.
 * @throws {ImageFileError} when its header cannot be used; see {@link readNifti}.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { readGrid } from "./read_nifti.ts";
 * import { writeVolume } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/ct.nii.gz`;
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3], [-10, 20, 30]);
 * await writeVolume(path, { grid, data: new Float32Array([-1000, 40]) });
 *
 * assertEquals((await readGrid(path)).affine, grid.affine);
 * ```
 */
export async function readGrid(file: FileInput, options: ReadOptions = {}): Promise<Grid> {
  return await withNifti(file, fileName(file, "the image"), options, spatialGrid);
}
