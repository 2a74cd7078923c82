/**
 * Displacements in voxels, as the evaluation of Learn2Reg reads them.
 *
 * The displacement d of a voxel x of the fixed image points to the voxel x + d of the moving image. Both are indices
 * in the order of the files, and the matrices of the files play no role. A file is 4-D (x, y, z, 3), without an intent.
 * Source: `load_disp()` and the call of `map_coordinates()` in `evaluation/` of github.com/MDL-UzL/L2R (8847509).
 *
 * @module
 */

import { transformPoint, type Triple } from "../../volume/affine.ts";
import type { Grid } from "../../volume/grid.ts";
import { niftiHeader } from "../../volume/nifti_header_bytes.ts";
import { withNifti } from "../../volume/nifti_source.ts";
import { readIntensities } from "../../volume/nifti_voxels.ts";
import type { DisplacementField } from "../../volume/volume.ts";
import { DatasetError } from "./dataset.ts";

/** Displacements in voxels on the grid of the fixed image. */
export interface VoxelDisplacements {
  /** Voxels of the fixed image along each axis. */
  readonly size: Triple;
  /** The displacements along each axis, x-fastest. */
  readonly components: readonly [Float32Array, Float32Array, Float32Array];
}

/** Displacements of 0. */
export function noDisplacements(size: Triple): VoxelDisplacements {
  const zero = new Float32Array(size[0] * size[1] * size[2]);
  return { size, components: [zero, zero, zero] };
}

/** A displacement field in RAS mm on the fixed grid as displacements in voxels. */
export function voxelDisplacements(
  { grid, components }: DisplacementField,
  movingGrid: Grid,
): VoxelDisplacements {
  const [nx, ny, nz] = grid.size;
  const toMoving = movingGrid.inverse;
  const out = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const at = grid.world([x, y, z]);
        const moved: Triple = [
          at[0] + components[0][i],
          at[1] + components[1][i],
          at[2] + components[2][i],
        ];
        const index = transformPoint(toMoving, moved);
        out[0][i] = index[0] - x;
        out[1][i] = index[1] - y;
        out[2][i] = index[2] - z;
      }
    }
  }
  return { size: grid.size, components: [out[0], out[1], out[2]] };
}

/** The bytes of the .nii.gz file; its matrix is that of the fixed image. */
export async function encodeVoxelDisplacements(
  { components }: VoxelDisplacements,
  fixedGrid: Grid,
): Promise<Uint8Array<ArrayBuffer>> {
  const header = niftiHeader(fixedGrid, {
    type: "float32",
    dimensions: [...fixedGrid.size, 3],
    description: "crosswarp, displacements in voxels",
  });
  const parts = [header, ...components].map((part) => new Uint8Array(part.buffer as ArrayBuffer));
  const stream = new Blob(parts).stream().pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * Reads a file of displacements.
 *
 * @param path - A .nii.gz file.
 * @param size - The expected number of voxels along each axis.
 * @throws {DatasetError} when the file has another shape.
 * @throws {ImageFileError} when it cannot be read.
 */
export async function readVoxelDisplacements(
  path: string,
  size: Triple,
): Promise<VoxelDisplacements> {
  // The matrix plays no role, so that a file without one needs no notice.
  return await withNifti(path, path, { onNotice: () => {} }, async (source) => {
    const { dimensions } = source.header;
    const expected = [...size, 3];
    if (dimensions.join() !== expected.join()) {
      throw new DatasetError(
        `${path} is ${dimensions.join(" x ")}, not ${
          expected.join(" x ")
        }. Give displacements in voxels on the grid ` +
          "of the fixed image, with the component as the last axis.",
      );
    }
    const n = size[0] * size[1] * size[2];
    const data = await readIntensities(source, 3 * n);
    return {
      size,
      components: [data.subarray(0, n), data.subarray(n, 2 * n), data.subarray(2 * n)],
    };
  });
}
