/**
 * The moving image pulled through a control grid, I_m(d(k)), with its derivative with respect to the
 * displacement. Every iteration of a parametric registration evaluates it.
 *
 * @module
 */

import { rowWorkgroup } from "../gpu/workgroups.ts";
import type { Triple } from "../../volume/affine.ts";
import {
  type Columns,
  controlGridDisplacementReference,
  type ControlGridGeometry,
  warpParameters,
} from "./control_grid.ts";
import { controlGridWarp } from "./control_grid_warp.wgsl.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { preparePull, type Pull } from "./reached_windows.ts";

/** Options of {@link prepareControlGridWarp}. */
export interface ControlGridWarpOptions {
  /** The control grid on the dense image. */
  readonly geometry: ControlGridGeometry;
  /** The columns of the displacements, mm. Their dispatches are recorded before those of the warp. */
  readonly columns: Columns;
  /** The moving image on a grid parallel to the dense one, as pairs of 16-bit values (`recordVoxelPairs`). */
  readonly moving: GpuImage;
  /** Intensity per unit of the 16-bit values. */
  readonly step: number;
  /** Position of the dense image's voxel (0, 0, 0) in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** Receives moving(x + d(x)); `NO_VALUE` where a voxel of its cell has no value. */
  readonly warped: GpuImage;
  /**
   * Receives the derivative with respect to the displacement, per mm; 0 where the position is clamped or
   * has no value.
   */
  readonly gradient: readonly [GpuImage, GpuImage, GpuImage];
}

/** Prepares the warp of the moving image through a control grid. */
export function prepareControlGridWarp(gpu: Gpu, options: ControlGridWarpOptions): Prepared {
  const { geometry, columns, moving, step, warped, gradient } = options;
  return Owned.build((owned) => {
    const quads = rowPitch(geometry.image[0]) / 4;
    const pulled = { ...options, knots: columns.knots, bytesPerVoxel: 4 };
    const kernel = controlGridWarp(geometry.interpolation);
    const { wx, wy } = rowWorkgroup(quads);
    const dispatches = columns.slabs.flatMap((slab, index) => {
      const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
      const pull: Pull = {
        kernel: () => kernel,
        planes: slab,
        dispatch: ({ band, window, windowed }) => ({
          parameters: {
            ...warpParameters(options, slab, window),
            step,
            first: band.begin - slab.begin,
          },
          buffers: [
            columns.buffers[index],
            planesOf(moving, window.begin, window.to),
            part(warped),
            ...gradient.map(part),
          ],
          constants: { wx, wy, strideX: geometry.stride[0], windowed: windowed ? 1 : 0 },
          workgroups: [
            Math.ceil(quads / wx),
            Math.ceil(geometry.image[1] / wy),
            band.end - band.begin,
          ],
        }),
      };
      return preparePull(gpu, pulled, pull, owned);
    });
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link controlGridWarpReference}; `origin` and `perVoxel` as in {@link ControlGridWarpOptions}. */
export interface ControlGridWarpReferenceOptions
  extends Pick<ControlGridWarpOptions, "geometry" | "origin" | "perVoxel"> {
  /** Displacements in mm, 3 values per control point. */
  readonly knots: Float32Array;
  /** The moving image, rows without padding. */
  readonly moving: { readonly size: Triple; readonly data: Float32Array };
}

/** The plain twin, on arrays without padding. */
export function controlGridWarpReference(
  { geometry, knots, moving, origin, perVoxel }: ControlGridWarpReferenceOptions,
): { warped: Float32Array; gradient: [Float32Array, Float32Array, Float32Array] } {
  const [nx, ny, nz] = geometry.image;
  const [mx, my] = moving.size;
  const u = controlGridDisplacementReference(geometry, knots, perVoxel);
  const warped = new Float32Array(nx * ny * nz);
  const gradient = [0, 1, 2].map(() => new Float32Array(nx * ny * nz));
  for (let z = 0, voxel = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, voxel++) {
        const raw = [x, y, z].map((p, c) => p + origin[c] + u[c][voxel]);
        const p = raw.map((value, c) => Math.min(Math.max(value, 0), moving.size[c] - 1));
        const cell = p.map((value, c) =>
          Math.min(Math.floor(value), Math.max(moving.size[c] - 2, 0))
        );
        const slope = [0, 0, 0];
        let value = 0;
        let outside = false;
        for (let corner = 0; corner < 8; corner++) {
          const far = [corner & 1, (corner >> 1) & 1, corner >> 2];
          const at = cell.map((i, c) => Math.min(i + far[c], moving.size[c] - 1));
          const intensity = moving.data[(at[2] * my + at[1]) * mx + at[0]];
          const w = p.map((position, c) => far[c] ? position - cell[c] : 1 - position + cell[c]);
          if (!hasValue(intensity)) outside = true;
          value += w[0] * w[1] * w[2] * intensity;
          slope[0] += (far[0] ? 1 : -1) * w[1] * w[2] * intensity;
          slope[1] += (far[1] ? 1 : -1) * w[0] * w[2] * intensity;
          slope[2] += (far[2] ? 1 : -1) * w[0] * w[1] * intensity;
        }
        warped[voxel] = outside ? NO_VALUE : value;
        for (let c = 0; c < 3; c++) {
          gradient[c][voxel] = outside || p[c] !== raw[c] ? 0 : slope[c] * perVoxel[c];
        }
      }
    }
  }
  return { warped, gradient: gradient as [Float32Array, Float32Array, Float32Array] };
}
