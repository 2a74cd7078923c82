/**
 * Writing NIfTI-1 images that nibabel, ITK and 3D Slicer read back voxel for voxel.
 *
 * @module
 */

import { NIFTI1 } from "nifti-reader-js";
import { determinant3, type Matrix4, type Triple } from "./affine.ts";
import type { Grid } from "./grid.ts";
import type { DisplacementField, LabelVolume, Volume } from "./volume.ts";
import { writeWholeFile } from "./write_file.ts";

/** A voxel type that can be written. */
export type VoxelType = "uint8" | "int16" | "uint16" | "int32" | "float32";

/** The voxel types with NIfTI's code. */
const TYPES = {
  uint8: { code: 2, make: Uint8Array, least: 0, most: 255 },
  int16: { code: 4, make: Int16Array, least: -32768, most: 32767 },
  uint16: { code: 512, make: Uint16Array, least: 0, most: 65535 },
  int32: { code: 8, make: Int32Array, least: -2147483648, most: 2147483647 },
  float32: { code: 16, make: Float32Array, least: -Infinity, most: Infinity },
} as const satisfies Record<VoxelType, unknown>;

/** Options of {@link encodeNifti} and {@link writeVolume}. */
export interface WriteOptions {
  /** How voxels are stored. Whole-number types round and clip. Default "float32". */
  readonly type?: VoxelType;
  /** Free text in the header, at most 79 characters. */
  readonly description?: string;
}

const DEFAULT_DESCRIPTION = "crosswarp";
const VECTOR_INTENT = 1007;

/**
 * The bytes of a .nii.gz file.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { encodeNifti } from "./write_nifti.ts";
 *
 * const grid = Grid.axisAligned([4, 4, 4], [1, 1, 3]);
 * const file = await encodeNifti({ grid, data: new Float32Array(64) }, { type: "int16" });
 * console.log(file.length);
 * ```
 */
export function encodeNifti(
  volume: Volume | LabelVolume,
  options: WriteOptions = {},
): Promise<Uint8Array> {
  const type = options.type ?? "float32";
  const description = options.description ?? DEFAULT_DESCRIPTION;
  const { size } = volume.grid;
  const header = headerBytes(volume.grid, [3, ...size, 1, 1, 1, 1], type, description, 0);
  return compressed(header, stored(volume.data, type));
}

/** The bytes of a .nii.gz file of label ids, in the smallest type that holds them. */
export function encodeNiftiLabels(labels: LabelVolume): Promise<Uint8Array> {
  let least = 0, most = 0;
  for (const label of labels.data) {
    if (label < least) least = label;
    if (label > most) most = label;
  }
  const type = (["uint8", "int16", "uint16", "int32"] as const).find((candidate) =>
    least >= TYPES[candidate].least && most <= TYPES[candidate].most
  )!;
  return encodeNifti(labels, { type });
}

/** The bytes of a displacement field's .nii.gz file: 5-D, intent 1007, LPS mm, as ITK reads it. */
export function encodeDisplacementField(field: DisplacementField): Promise<Uint8Array> {
  const { grid, components } = field, n = grid.voxels;
  const header = headerBytes(
    ...[
      grid,
      [5, ...grid.size, 1, 3, 1, 1],
      "float32",
      DEFAULT_DESCRIPTION,
      VECTOR_INTENT,
    ] as const,
  );
  const data = new Float32Array(3 * n);
  components.forEach((component, c) => {
    // RAS to LPS: x and y change sign (0 stays +0).
    if (c === 2) data.set(component, 2 * n);
    else for (let i = 0; i < n; i++) data[c * n + i] = 0 - component[i];
  });
  return compressed(header, data);
}

/**
 * Writes an intensity image as .nii.gz, beside its place and then renamed.
 *
 * @throws {FileAccessError} when the folder is missing or cannot be written to.
 */
export async function writeVolume(
  path: string,
  volume: Volume,
  options: WriteOptions = {},
): Promise<void> {
  await writeWholeFile(path, await encodeNifti(volume, options));
}

/** Writes a label image as .nii.gz in the smallest type that holds its ids. */
export async function writeLabelVolume(path: string, labels: LabelVolume): Promise<void> {
  await writeWholeFile(path, await encodeNiftiLabels(labels));
}

/** Writes a displacement field that ITK, ANTs, SimpleITK and 3D Slicer apply as it is. */
export async function writeDisplacementField(
  path: string,
  field: DisplacementField,
): Promise<void> {
  await writeWholeFile(path, await encodeDisplacementField(field));
}

function stored(data: Float32Array | Int32Array, type: VoxelType): ArrayBufferView {
  const { make, least, most } = TYPES[type];
  if (type === "float32" && data instanceof Float32Array) return data;
  if (type === "int32" && data instanceof Int32Array) return data;
  const out = new make(data.length);
  if (type === "float32") out.set(data);
  else {
    for (let i = 0; i < data.length; i++) {
      out[i] = Math.min(Math.max(Math.round(data[i]), least), most);
    }
  }
  return out;
}

function headerBytes(
  grid: Grid,
  dims: readonly number[],
  type: VoxelType,
  description: string,
  intent: number,
): Uint8Array {
  const header = new NIFTI1();
  const spacing = grid.spacing, { code, make } = TYPES[type];
  const { quaternion, qfac } = quaternionOf(grid.affine, spacing);
  header.littleEndian = true;
  header.dims = [...dims];
  header.datatypeCode = code;
  header.numBitsPerVoxel = 8 * make.BYTES_PER_ELEMENT;
  header.pixDims = [qfac, ...spacing, 1, 1, 1, 1];
  header.vox_offset = 352;
  header.scl_slope = 1;
  header.scl_inter = 0;
  header.xyzt_units = 2;
  header.intent_code = intent;
  header.description = description.slice(0, 79);
  header.magic = "n+1\0";
  header.qform_code = 1;
  header.sform_code = 1;
  [header.quatern_b, header.quatern_c, header.quatern_d] = quaternion;
  [header.qoffset_x, header.qoffset_y, header.qoffset_z] = [3, 7, 11].map((i) => grid.affine[i]);
  header.affine = [0, 1, 2, 3].map((row) => grid.affine.slice(4 * row, 4 * row + 4));
  return new Uint8Array(header.toArrayBuffer().slice(0, 352));
}

/** The rotation's quaternion (b, c, d) and the sign of the third axis, as NIfTI's qform wants them. */
function quaternionOf(m: Matrix4, spacing: Triple): { quaternion: Triple; qfac: number } {
  const qfac = determinant3(m) < 0 ? -1 : 1;
  const r = [0, 1, 2].map((row) =>
    [0, 1, 2].map((column) => m[4 * row + column] / spacing[column] * (column === 2 ? qfac : 1))
  );
  const trace = r[0][0] + r[1][1] + r[2][2];
  // The largest of the four components first, so that no division is by a small number.
  const squares = [trace, ...[0, 1, 2].map((i) => 2 * r[i][i] - trace)].map((v) => 1 + v);
  const largest = squares.indexOf(Math.max(...squares));
  const root = Math.sqrt(Math.max(squares[largest], 0)) / 2;
  const difference = [r[2][1] - r[1][2], r[0][2] - r[2][0], r[1][0] - r[0][1]];
  if (largest === 0) {
    return { quaternion: difference.map((d) => d / (4 * root)) as unknown as Triple, qfac };
  }
  const i = largest - 1;
  const sign = difference[i] < 0 ? -1 : 1;
  const quaternion = [0, 1, 2].map((k) =>
    sign * (k === i ? root : (r[i][k] + r[k][i]) / (4 * root))
  );
  return { quaternion: quaternion as unknown as Triple, qfac };
}

async function compressed(header: Uint8Array, data: ArrayBufferView): Promise<Uint8Array> {
  const voxels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const stream = new Blob([header as BlobPart, voxels as BlobPart]).stream().pipeThrough(
    new CompressionStream("gzip"),
  );
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
