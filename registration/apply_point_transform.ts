/**
 * Images warped by any map of points, evaluated voxel by voxel on the host.
 *
 * @module
 */

import { downloadImage, downloadLabels, type GpuField, uploadImage } from "../kernels/gpu/image.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import { warp, warpLabels } from "../kernels/image/warp.ts";
import { multiply, transformPoint, type Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { PointTransform } from "./point_transform.ts";

/** Options of {@link applyPointTransform}. */
export interface ApplyPointTransformOptions<T extends Volume | LabelVolume> {
  /** The map from the fixed to the moving image. */
  readonly map: PointTransform;
  /** The image to warp, in the moving image's world; with `inverse` in the fixed image's. */
  readonly image: T;
  /** The grid of the result. */
  readonly like: Grid;
  /** Applies the inverse map. Default false. */
  readonly inverse?: boolean | undefined;
}

/** The result of {@link applyPointTransform}. */
export interface PointTransformResult<T extends Volume | LabelVolume> {
  /** The warped image. Outside the image it has the image's minimum, and labels are 0. */
  readonly image: T;
  /** The maximum error of the inverse map, mm. */
  readonly residual: number;
}

/** An intensity image warped with one trilinear interpolation, or a label image by nearest neighbour. */
export async function applyPointTransform<T extends Volume | LabelVolume>(
  gpu: Gpu,
  { map, image, like, inverse = false }: ApplyPointTransformOptions<T>,
): Promise<PointTransformResult<T>> {
  const { components, residual } = displacementsOn(like, map, inverse);
  const owned = new Owned();
  try {
    const [x, y, z] = components.map((data) =>
      owned.add(uploadImage(gpu, "displacement", like.size, data))
    );
    const field: GpuField = { size: like.size, components: [x, y, z], destroy: () => {} };
    const matrix = multiply(image.grid.inverse, like.affine);
    const moving = owned.add(uploadImage(gpu, "image", image.grid.size, image.data));
    if (image.data instanceof Float32Array) {
      const outside = image.data.reduce((min, v) => Math.min(min, v), Infinity);
      const warped = owned.add(warp(gpu, { moving, field, matrix, outside }));
      const data = await downloadImage(gpu, warped);
      return { image: { grid: like, data } as T, residual };
    }
    const warped = owned.add(warpLabels(gpu, { moving, field, matrix }));
    const data = await downloadLabels(gpu, warped);
    return { image: { grid: like, data } as T, residual };
  } finally {
    owned.destroy();
  }
}

/** The displacement of each voxel of a grid by a map, in voxels of the grid. */
function displacementsOn(
  grid: Grid,
  { forward, inverse: back }: PointTransform,
  inverse: boolean,
): { components: Float32Array[]; residual: number } {
  const [nx, ny, nz] = grid.size;
  const toIndex = grid.inverse;
  const components = [0, 1, 2].map(() => new Float32Array(grid.voxels));
  let residual = 0;
  let i = 0;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const index: Triple = [x, y, z];
        const found = inverse ? back(grid.world(index)) : undefined;
        if (found !== undefined) residual = Math.max(residual, found.residual);
        const point = transformPoint(toIndex, found?.point ?? forward(grid.world(index)));
        for (let c = 0; c < 3; c++) components[c][i] = point[c] - index[c];
      }
    }
  }
  return { components, residual };
}
