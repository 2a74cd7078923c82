/**
 * The moving image pulled through a control grid, I_m(d(k)), with its derivative with respect to the
 * displacement: the step of every iteration of a parametric registration.
 *
 * @module
 */

import { rowWorkgroup } from "../gpu/workgroups.ts";
import type { Triple } from "../../volume/affine.ts";
import {
  columnBytes,
  controlGridDisplacementReference,
  type ControlGridGeometry,
  controlGridSlabs,
  geometryParameters,
  prepareColumns,
} from "./control_grid.ts";
import { CONTROL_GRID_WARP } from "./control_grid_warp.wgsl.ts";
import { type Dispatch, f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import { NO_VALUE } from "../nmi/joint_histogram.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { cellWindows } from "../gpu/slabs.ts";

/** The value of a voxel that does not count: outside the image or its mask. */
export const OUTSIDE = -1e30;

/** Options of {@link prepareControlGridWarp}. */
export interface ControlGridWarpOptions {
  /** Where the control points lie on the dense image. */
  readonly geometry: ControlGridGeometry;
  /** Displacements in mm, one vec4 (x, y, z, 0) a control point. */
  readonly knots: GpuBuffer;
  /** The moving image on a grid parallel to the dense one, as pairs of 16-bit values ({@link packPairs}). */
  readonly moving: GpuImage;
  /** What one step of the 16-bit values is. */
  readonly step: number;
  /** Where the dense image's voxel (0, 0, 0) lies in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** Receives moving(x + d(x)), {@link OUTSIDE} where a voxel of its cell does not count. */
  readonly warped: GpuImage;
  /** Receives the derivative with respect to the displacement, per mm; 0 where clamped or outside. */
  readonly gradient: readonly [GpuImage, GpuImage, GpuImage];
}

/** Prepares the warp of the moving image through a control grid. */
export function prepareControlGridWarp(gpu: Gpu, options: ControlGridWarpOptions): Prepared {
  const { geometry, knots, moving, step, origin, perVoxel, warped, gradient } = options;
  const quads = rowPitch(geometry.image[0]) / 4;
  const cut = controlGridSlabs(gpu, geometry);
  const columns = gpu.buffer(
    "columns",
    Math.max(...cut.map((slab) => columnBytes(geometry, slab))),
  );
  const windows = cellWindows(gpu, moving.size);
  const constants = {
    ...rowWorkgroup(quads),
    strideX: geometry.stride[0],
    windowed: windows.length > 1 ? 1 : 0,
  };
  const dispatches: Dispatch[] = [];
  for (const slab of cut) {
    dispatches.push(prepareColumns(gpu, geometry, slab, knots, columns));
    const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
    for (const window of windows) {
      const end = window.end;
      dispatches.push(gpu.prepare(CONTROL_GRID_WARP, {
        parameters: [
          ...geometryParameters(geometry, slab),
          ...perVoxel.map(f32),
          u32(window.begin),
          ...origin.map(f32),
          u32(end),
          ...[...moving.size, moving.pitch].map(u32),
          f32(step),
          u32(0),
          u32(0),
          u32(0),
        ],
        buffers: [
          columns,
          planesOf(moving, window.begin, window.to),
          part(warped),
          ...gradient.map(part),
        ],
        constants,
        workgroups: [
          Math.ceil(quads / constants.wx),
          Math.ceil(geometry.image[1] / constants.wy),
          slab.end - slab.begin,
        ],
      }));
    }
  }
  return {
    dispatches,
    destroy: () => {
      dispatches.forEach((dispatch) => dispatch.destroy());
      columns.destroy();
    },
  };
}

/**
 * An image as the warp takes it: words of 16-bit values, a voxel's in the low half and its neighbour's
 * along x in the high one; 65535 where the image is {@link OUTSIDE}. Rows are not padded.
 */
export function packPairs(size: Triple, data: Float32Array, step: number): Int32Array {
  const value = (i: number) =>
    data[i] < -1e20 ? NO_VALUE : Math.min(Math.max(Math.round(data[i] / step), 0), NO_VALUE - 1);
  return Int32Array.from(
    data,
    (_, i) => value(i) | value(i % size[0] + 1 < size[0] ? i + 1 : i) << 16,
  );
}

/** The plain twin: `knots` has 3 values a control point, `moving` no padding. */
export function controlGridWarpReference(
  geometry: ControlGridGeometry,
  knots: Float32Array,
  moving: { size: Triple; data: Float32Array },
  origin: Triple,
  perVoxel: Triple,
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
          if (intensity < -1e20) outside = true;
          value += w[0] * w[1] * w[2] * intensity;
          slope[0] += (far[0] ? 1 : -1) * w[1] * w[2] * intensity;
          slope[1] += (far[1] ? 1 : -1) * w[0] * w[2] * intensity;
          slope[2] += (far[2] ? 1 : -1) * w[0] * w[1] * intensity;
        }
        warped[voxel] = outside ? OUTSIDE : value;
        for (let c = 0; c < 3; c++) {
          gradient[c][voxel] = outside || p[c] !== raw[c] ? 0 : slope[c] * perVoxel[c];
        }
      }
    }
  }
  return { warped, gradient: gradient as [Float32Array, Float32Array, Float32Array] };
}
