/**
 * Reading displacement fields.
 *
 * @module
 */

import { type FileInput, fileName } from "../host/file_input.ts";
import { Grid } from "./grid.ts";
import { ImageShapeError } from "./nifti_errors.ts";
import { type NiftiSource, withNifti } from "./nifti_source.ts";
import { readIntensities } from "./nifti_voxels.ts";
import type { ReadOptions } from "./read_options.ts";
import type { DisplacementField } from "./volume.ts";

/** NIfTI's intent codes of vectors: as ITK writes them, in LPS mm; and as the standard says, in RAS mm. */
const VECTOR = 1007;
const DISPLACEMENT_VECTOR = 1006;

/**
 * Reads a displacement field to RAS mm: 5-D, x, y, z, 1, 3. Vectors of intent 1007 are LPS mm, as ITK,
 * ANTs, SimpleITK, elastix and this library write them; those of intent 1006 ("displacement vector") are
 * RAS mm, as the standard says and ITK 5.4 and later take them.
 *
 * Files of other formats (.nrrd, .mha) have three values per voxel, LPS mm, as ITK and 3D Slicer write them.
 *
 * @param file - A .nii or .nii.gz file, or a file of another format; see {@link FileInput} and `readVolume`.
 * @throws {ImageShapeError} when the file holds something else; otherwise as `readVolume`.
 *
 * @example Usage
 * ```ts
 * import { Grid } from "./grid.ts";
 * import { readDisplacementField } from "./read_displacement_field.ts";
 * import { writeDisplacementField } from "./write_nifti.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const path = `${await Deno.makeTempDir()}/field.nii.gz`;
 * const grid = Grid.axisAligned([2, 1, 1], [1, 1, 3]);
 * const right = new Float32Array([1, 2]), none = new Float32Array(2);
 * await writeDisplacementField(path, { grid, components: [right, none, none] });
 * assertEquals((await readDisplacementField(path)).components[0], right);
 * ```
 */
export async function readDisplacementField(
  file: FileInput,
  options: ReadOptions = {},
): Promise<DisplacementField> {
  return await withNifti(file, fileName(file, "the displacement field"), options, field);
}

async function field(source: NiftiSource): Promise<DisplacementField> {
  const { name, header } = source;
  if (header.interleaved !== undefined) return await interleavedField(source);
  const [nx, ny = 1, nz = 1, nt = 1, components = 1, ...rest] = header.dimensions;
  if (nt !== 1 || components !== 3 || rest.some((n) => n > 1)) {
    throw new ImageShapeError(
      `${name} is ${header.dimensions.join(" x ")}, not a displacement field of x, y, z, 1, 3. ` +
        "Give a field as ITK, ANTs or 3D Slicer write it.",
    );
  }
  const foreign = header.intentName.startsWith("NREG_TRANS");
  if (foreign || (header.intent !== VECTOR && header.intent !== DISPLACEMENT_VECTOR)) {
    throw new ImageShapeError(
      `${name} is ${foreign ? "a NiftyReg transformation" : `of intent ${header.intent}`}, not a ` +
        `displacement field of intent ${VECTOR} (LPS mm) or ${DISPLACEMENT_VECTOR} (RAS mm). ` +
        "Convert it with ITK, ANTs or 3D Slicer.",
    );
  }
  const grid = new Grid([nx, ny, nz], header.affine);
  const n = grid.voxels;
  const data = await readIntensities(source, 3 * n);
  if (header.intent === VECTOR) {
    // LPS to RAS: x and y change sign (0 stays +0).
    for (let i = 0; i < 2 * n; i++) data[i] = 0 - data[i];
  }
  return { grid, components: [data.subarray(0, n), data.subarray(n, 2 * n), data.subarray(2 * n)] };
}

/** A field of another format than NIfTI: the three components of a vector are next to each other, in LPS mm. */
async function interleavedField(source: NiftiSource): Promise<DisplacementField> {
  const { name, header } = source;
  const [nx, ny = 1, nz = 1, ...rest] = header.dimensions;
  if (header.interleaved !== 3 || rest.some((n) => n > 1) || header.intent !== VECTOR) {
    throw new ImageShapeError(
      `${name} has ${header.interleaved} values per voxel, not the three of a displacement field with LPS axes. ` +
        "Give a field as ITK, ANTs or 3D Slicer write it.",
    );
  }
  const grid = new Grid([nx, ny, nz], header.affine);
  const data = await readIntensities(source, 3 * grid.voxels);
  const component = (c: number) =>
    Float32Array.from(
      { length: grid.voxels },
      (_, i) => c === 2 ? data[3 * i + c] : 0 - data[3 * i + c],
    );
  return { grid, components: [component(0), component(1), component(2)] };
}
