/**
 * Reads transforms of a registration, of ITK and of ANTs, alone or as a chain.
 *
 * @module
 */

import { readWholeFile } from "../host/file_input.ts";
import { decodeAntsAffine } from "../registration/ants_affine.ts";
import { decodeItkHdf5, isHdf5 } from "../registration/itk_hdf5.ts";
import { decodeItkTransform } from "../registration/itk_transform.ts";
import {
  chainOf,
  ofField,
  ofMatrix,
  ofTransform,
  type PointTransform,
} from "../registration/point_transform.ts";
import type { Transform } from "../registration/transform.ts";
import { decodeTransform, TransformFileError } from "../registration/transform_file.ts";
import type { Grid } from "../volume/grid.ts";
import { readDisplacementField } from "../volume/read_displacement_field.ts";
import type { ReadOptions } from "../volume/read_options.ts";

/** One or several transforms. */
export interface ReadTransforms {
  /** The map from the fixed image to the moving image. */
  readonly map: PointTransform;
  /** The transform, if there is only one and a registration wrote it. */
  readonly single: Transform | undefined;
  /** The grid of the fixed image; undefined if the first file does not have it. */
  readonly fixedGrid: Grid | undefined;
  /** The grid of the moving image; undefined if the last file does not have it. */
  readonly movingGrid: Grid | undefined;
}

/**
 * Reads transforms that lead one after another from the fixed image to the moving image: the transform.json of a
 * registration, ITK's text (.tfm, .txt) and HDF5 (.h5), affine transforms of ANTs (.mat) and displacement fields (.nii.gz, .nii,
 * .nrrd, .mha, ...).
 *
 * @param paths - At least one.
 * @throws {FileAccessError} when a file cannot be read.
 * @throws {TransformFileError} when a file is no transform.
 */
export async function readTransforms(
  paths: readonly string[],
  options: ReadOptions = {},
): Promise<ReadTransforms> {
  const found = await Promise.all(paths.map((path) => readTransform(path, options)));
  const transforms = found.map((one) => "rigid" in one ? one : undefined);
  return {
    map: chainOf(found.map((one) => "rigid" in one ? ofTransform(one) : one)),
    single: found.length === 1 ? transforms[0] : undefined,
    fixedGrid: transforms[0]?.fixedGrid,
    movingGrid: transforms.at(-1)?.movingGrid,
  };
}

async function readTransform(
  path: string,
  options: ReadOptions,
): Promise<Transform | PointTransform> {
  if (/\.(nii|nii\.gz|nrrd|nhdr|mha|mhd)$/i.test(path)) {
    const { grid, components } = await readDisplacementField(path, options);
    const displacements = new Float32Array(3 * grid.voxels);
    components.forEach((component, c) => component.forEach((v, i) => displacements[3 * i + c] = v));
    return ofField({ size: grid.size, affine: grid.affine, displacements });
  }
  if (/\.(x5|xfm|lta)$/i.test(path)) {
    throw new TransformFileError(
      `${path} is a transform of a format that is not read. Write it as text (.tfm), as .h5 of ITK or as a displacement ` +
        "field first.",
    );
  }
  const bytes = await readWholeFile(path);
  if (isHdf5(bytes) || /\.(h5|hdf5)$/i.test(path)) return await decodeItkHdf5(bytes, path);
  const text = () => new TextDecoder().decode(bytes);
  const start = new TextDecoder("latin1").decode(bytes.subarray(0, 24));
  if (start.startsWith("#Insight")) return decodeItkTransform(text(), path);
  if (/\.mat$/i.test(path)) return ofMatrix(decodeAntsAffine(bytes, path));
  if (/\.(tfm|txt)$/i.test(path)) return decodeItkTransform(text(), path);
  return decodeTransform(text(), path);
}
