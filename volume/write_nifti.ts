/**
 * Writing NIfTI-1 images that nibabel, ITK and 3D Slicer read back voxel for voxel; files also as NRRD and MetaImage.
 *
 * @module
 */

import { FileAccessError } from "../host/errors.ts";
import { encodeFormat, type OtherFormat, otherFormatOf } from "./formats/encode_format.ts";
import { gzip } from "./gzip.ts";
import { niftiHeader } from "./nifti_header_bytes.ts";
import type { DisplacementField, LabelVolume, Volume } from "./volume.ts";
import { type VoxelType, WRITTEN_TYPES } from "./voxel_types.ts";
import { writeWholeFile, writeWholeFiles } from "../host/write_file.ts";

/** Options of {@link writeVolume}. */
export interface WriteOptions {
  /**
   * The type in which voxels are stored. Whole-number types round to the nearest number and clip to their range.
   * Default: "float32"; for labels the smallest of uint8, int16, uint16 and int32 that holds every id.
   */
  readonly type?: VoxelType | undefined;
  /** Free text in the header, cut at 79 bytes. Default "crosswarp". */
  readonly description?: string | undefined;
}

/** Options of {@link encodeNifti}. */
export interface EncodeOptions extends WriteOptions {
  /** Compresses the file with gzip. Default true. */
  readonly compressed?: boolean | undefined;
}

const DEFAULT_DESCRIPTION = "crosswarp";

/** NIfTI's intent code of vectors; ITK takes them for LPS. */
const VECTOR_INTENT = 1007;

/**
 * The bytes of a .nii.gz file. The same image gives the same bytes. The header holds the voxel-to-RAS
 * matrix, in NIfTI-1's single precision, as sform and, where its axes are at right angles, as qform.
 *
 * @throws {RangeError} when `volume.data` does not fit the grid, holds values that are not finite and
 * cannot be stored as `type`, or the grid is longer than NIfTI-1 allows (32767 voxels).
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { encodeNifti } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = Grid.axisAligned([4, 4, 4], [1, 1, 3]);
 * const file = await encodeNifti(
 *   { grid, data: new Float32Array(64) },
 *   { type: "int16", compressed: false },
 * );
 * assertEquals(file.length, 352 + 2 * 64);
 * ```
 */
export async function encodeNifti(
  volume: Volume | LabelVolume,
  options: EncodeOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { grid, data } = volume;
  const type = options.type ?? typeOf(data);
  checkLength("volume.data", data, grid.voxels);
  const header = niftiHeader(grid, {
    type,
    dimensions: grid.size,
    description: options.description ?? DEFAULT_DESCRIPTION,
  });
  return await file(header, stored(data, type), options.compressed ?? true);
}

/** The bytes of a .nii.gz file of label ids, in the smallest type that holds them. */
export function encodeNiftiLabels(labels: LabelVolume): Promise<Uint8Array<ArrayBuffer>> {
  return encodeNifti(labels);
}

/**
 * The bytes of a displacement field's .nii.gz file: 5-D (x, y, z, 1, 3), float32, intent 1007, LPS mm, as
 * ITK, ANTs, SimpleITK and 3D Slicer read it.
 *
 * @throws {RangeError} as {@link encodeNifti}.
 */
export async function encodeDisplacementField(
  field: DisplacementField,
  options: Pick<EncodeOptions, "compressed"> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { grid, components } = field;
  const n = grid.voxels;
  components.forEach((component, c) => checkLength(`field.components[${c}]`, component, n));
  const header = niftiHeader(grid, {
    type: "float32",
    dimensions: [...grid.size, 1, 3],
    description: DEFAULT_DESCRIPTION,
    intent: VECTOR_INTENT,
  });
  const data = new Float32Array(3 * n);
  components.forEach((component, c) => {
    // RAS to LPS: x and y change sign (0 stays +0).
    if (c === 2) data.set(component, 2 * n);
    else for (let i = 0; i < n; i++) data[c * n + i] = 0 - component[i];
  });
  return await file(header, data, options.compressed ?? true);
}

/**
 * Writes an intensity image to a temporary file and renames it: a failed write leaves nothing.
 *
 * @param path - A .nii.gz file, a .nii file, which is written uncompressed, or a .nrrd or .mha file.
 * @throws {FileAccessError} when the name ends otherwise, or the folder is missing or cannot be written to.
 * @throws {RangeError} as {@link encodeNifti}.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { writeVolume } from "./write_nifti.ts";
 *
 * const path = `${await Deno.makeTempDir()}/ct.nii.gz`;
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3]);
 * await writeVolume(path, { grid, data: new Float32Array([-1000, 40]) }, { type: "int16" });
 * ```
 */
export async function writeVolume(
  path: string,
  volume: Volume,
  options: WriteOptions = {},
): Promise<void> {
  await writeWholeFile(path, await encodeFor(path, volume, options));
}

/**
 * Writes images so that they appear together; see `writeWholeFiles`. Otherwise as {@link writeVolume}.
 *
 * @param volumes - The images by path.
 */
export async function writeVolumes(volumes: Readonly<Record<string, Volume>>): Promise<void> {
  const files: Record<string, Uint8Array> = {};
  for (const [path, volume] of Object.entries(volumes)) {
    files[path] = await encodeFor(path, volume, {});
  }
  await writeWholeFiles(files);
}

/** Writes a label image in the smallest type that holds its ids; otherwise as {@link writeVolume}. */
export async function writeLabelVolume(path: string, labels: LabelVolume): Promise<void> {
  await writeWholeFile(path, await encodeFor(path, labels, {}));
}

/** The bytes of an image in the format of the file's suffix. */
async function encodeFor(
  path: string,
  image: Volume | LabelVolume,
  options: WriteOptions,
): Promise<Uint8Array> {
  const other = otherFormatOf(path);
  if (other === undefined) {
    return await encodeNifti(image, { ...options, compressed: isCompressedName(path) });
  }
  const { grid, data } = image;
  checkLength("volume.data", data, grid.voxels);
  const type = options.type ?? typeOf(data);
  return await encodeFormat(other, { grid, type, data: stored(data, type) });
}

/** A displacement field in a format whose vectors have their components next to each other, LPS mm. */
async function encodeVectors(other: OtherFormat, field: DisplacementField): Promise<Uint8Array> {
  const { grid, components: [x, y, z] } = field;
  field.components.forEach((component, c) =>
    checkLength(`field.components[${c}]`, component, grid.voxels)
  );
  const data = new Float32Array(3 * grid.voxels);
  for (let i = 0; i < grid.voxels; i++) {
    data[3 * i] = 0 - x[i];
    data[3 * i + 1] = 0 - y[i];
    data[3 * i + 2] = z[i];
  }
  return await encodeFormat(other, { grid, type: "float32", data, components: 3 });
}

/**
 * Writes a displacement field that ITK, ANTs, SimpleITK and 3D Slicer apply without a conversion; otherwise as
 * {@link writeVolume}.
 */
export async function writeDisplacementField(
  path: string,
  field: DisplacementField,
): Promise<void> {
  const other = otherFormatOf(path);
  const bytes = other === undefined
    ? await encodeDisplacementField(field, { compressed: isCompressedName(path) })
    : await encodeVectors(other, field);
  await writeWholeFile(path, bytes);
}

function isCompressedName(path: string): boolean {
  if (/\.nii\.gz$/i.test(path)) return true;
  if (/\.nii$/i.test(path)) return false;
  throw new FileAccessError(
    `Cannot write ${path}: give it a name that ends in .nii.gz, .nii, .nrrd or .mha.`,
  );
}

/** The type in which values are stored unless the caller names one. */
function typeOf(data: Float32Array | Int32Array): VoxelType {
  return data instanceof Int32Array ? smallestType(data) : "float32";
}

function checkLength(what: string, data: ArrayLike<number>, voxels: number): void {
  if (data.length === voxels) return;
  throw new RangeError(`\`${what}\` has ${data.length} values, its grid ${voxels} voxels`);
}

/** The smallest type that holds every label. */
function smallestType(labels: Int32Array): VoxelType {
  let min = 0;
  let max = 0;
  for (let i = 0; i < labels.length; i++) {
    if (labels[i] < min) min = labels[i];
    else if (labels[i] > max) max = labels[i];
  }
  return (["uint8", "int16", "uint16"] as const).find((type) =>
    min >= WRITTEN_TYPES[type].min && max <= WRITTEN_TYPES[type].max
  ) ?? "int32";
}

/** The values as they are stored. */
function stored(data: Float32Array | Int32Array, type: VoxelType): ArrayBufferView {
  const { make, min, max } = WRITTEN_TYPES[type];
  if (type === "float32") return data instanceof Float32Array ? data : Float32Array.from(data);
  const out = new make(data.length);
  for (let i = 0; i < data.length; i++) {
    const value = Math.round(data[i]);
    if (value !== value) throw new RangeError(`Value ${i} is NaN, which ${type} cannot hold`);
    out[i] = value < min ? min : value > max ? max : value;
  }
  return out;
}

async function file(
  header: Uint8Array,
  data: ArrayBufferView,
  compressed: boolean,
): Promise<Uint8Array<ArrayBuffer>> {
  if (!compressed) {
    const voxels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const whole = new Uint8Array(header.length + voxels.length);
    whole.set(header);
    whole.set(voxels, header.length);
    return whole;
  }
  return await gzip(header, data);
}
