/**
 * Displacements at control points, interpolated to every voxel, linearly or by a uniform cubic B-spline.
 * `adjoint.ts` has the exact transpose (the two operators that a parametric registration is built on).
 *
 * @module
 */

import { rowWorkgroup } from "../gpu/workgroups.ts";
import type { Triple } from "../../volume/affine.ts";
import { type ControlGridInterpolation, expandColumns } from "./control_grid.wgsl.ts";
import { cubicWeights } from "./cubic_b_spline.ts";
import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { rowPitch } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { cutSlabs, type Slab } from "../gpu/slabs.ts";
import type { UniformValues } from "../gpu/uniform_block.ts";

export type { ControlGridInterpolation } from "./control_grid.wgsl.ts";

/** The names of all interpolations. */
export const CONTROL_GRID_INTERPOLATIONS: readonly ControlGridInterpolation[] = ["linear", "cubic"];

/**
 * A grid of control points over an image. For linear interpolation they are at voxels 0, s, 2s, ... along
 * every axis, the last at or beyond the image's end. A cubic spline has one more at either end: its control
 * point j is at voxel (j - 1) s, and the cell c, from voxel c s, depends on the control points c to c + 3.
 */
export interface ControlGridGeometry {
  /** Voxels of the image along x, y, z. */
  readonly image: Triple;
  /** Whole voxels from one control point to the next along each axis. */
  readonly stride: Triple;
  /** Control points along each axis: ceil(n / s) + 1, or ceil(n / s) + 3 for a cubic spline. */
  readonly size: Triple;
  /** The interpolation between control points. */
  readonly interpolation: ControlGridInterpolation;
}

/**
 * The geometry of a control grid over an image.
 *
 * @throws {RangeError} when `stride` is not positive whole numbers.
 */
export function controlGridGeometry(
  image: Triple,
  stride: Triple,
  interpolation: ControlGridInterpolation = "linear",
): ControlGridGeometry {
  if (!stride.every((s) => Number.isInteger(s) && s >= 1)) {
    throw new RangeError(`\`stride\` must be whole numbers of voxels, got ${stride.join(", ")}`);
  }
  const more = interpolation === "linear" ? 1 : 3;
  const size = image.map((n, axis) => Math.ceil(n / stride[axis]) + more) as unknown as Triple;
  return { image, stride, size, interpolation };
}

/** The number of control points of a geometry. */
export function controlPoints({ size }: ControlGridGeometry): number {
  return size[0] * size[1] * size[2];
}

/** The cells between control points along each axis that contain voxels: ceil(n / s). */
export function cellsOf({ image, stride }: ControlGridGeometry): Triple {
  return image.map((n, axis) => Math.ceil(n / stride[axis])) as unknown as Triple;
}

/**
 * Slabs of whole planes for which an image, its columns (and the adjoint's sums of a cell, which are as large
 * at most) and its byte-sized bins all fit into one binding and start on the binding alignment.
 *
 * @param bytesPerVoxel - Bytes per voxel of the largest array that is bound, a multiple of 4.
 */
export function controlGridSlabs(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  bytesPerVoxel = 4,
): Slab[] {
  const [nx, ny, planes] = geometry.image;
  const plane = rowPitch(nx) * ny;
  // The columns, and the adjoint's sums of the cells along y, which are larger if a cell has few voxels.
  const perCell = geometry.interpolation === "linear" ? 2 : 4;
  const rows = Math.max(ny, perCell * cellsOf(geometry)[1]);
  return cutSlabs(gpu, {
    planes,
    bound: [bytesPerVoxel * plane, plane, 16 * geometry.size[0] * rows],
  });
}

/** The values of the WGSL struct `Geometry` of `CONTROL_GRID_GEOMETRY`. */
export function geometryParameters(
  { image, stride, size }: ControlGridGeometry,
  slab: Slab,
): UniformValues {
  return {
    image,
    firstPlane: slab.begin,
    controlPoints: size,
    planes: slab.end - slab.begin,
    stride,
    pitch: rowPitch(image[0]),
  };
}

/** The uniform block of a kernel that pulls a moving image through the grid: one slab and one window. */
export function warpParameters(
  { geometry, moving, origin, perVoxel }: {
    readonly geometry: ControlGridGeometry;
    /** The image that is pulled. */
    readonly moving: { readonly size: Triple; readonly pitch: number };
    /** Position of the dense image's voxel (0, 0, 0) in the moving image, voxels. */
    readonly origin: Triple;
    /** Voxels per mm along each axis. */
    readonly perVoxel: Triple;
  },
  slab: Slab,
  window: Slab,
): UniformValues {
  return {
    geometry: geometryParameters(geometry, slab),
    voxelsPerMm: perVoxel,
    windowBegin: window.begin,
    origin,
    windowEnd: window.end,
    movingSize: moving.size,
    movingPitch: moving.pitch,
  };
}

/** The displacements interpolated along y and z. */
export interface Columns extends Prepared {
  /** The displacements, one vec4 per control point. */
  readonly knots: GpuBuffer;
  /** The slabs of the image. */
  readonly slabs: readonly Slab[];
  /** For each slab one vec4 per control point along x and voxel along y and z. */
  readonly buffers: readonly GpuBuffer[];
}

/** Options of {@link prepareColumns}. */
export interface ColumnsOptions {
  /** The control grid. */
  readonly geometry: ControlGridGeometry;
  /** Displacements, one vec4 (x, y, z, 0) per control point, x fastest. */
  readonly knots: GpuBuffer;
  /** The slabs of the image, of {@link controlGridSlabs}. */
  readonly slabs: readonly Slab[];
}

/** Prepares the interpolation from control points to the columns of all slabs. */
export function prepareColumns(gpu: Gpu, { geometry, knots, slabs }: ColumnsOptions): Columns {
  const [, strideY, strideZ] = geometry.stride;
  const constants = { ...rowWorkgroup(geometry.size[0]), strideY, strideZ };
  return Owned.build((owned) => {
    const rowBytes = 16 * geometry.size[0] * geometry.image[1];
    const buffers = slabs.map(({ begin, end }) =>
      owned.add(gpu.buffer("columns", rowBytes * (end - begin)))
    );
    const dispatches = slabs.map((slab, index) =>
      owned.add(gpu.prepare(expandColumns(geometry.interpolation), {
        parameters: geometryParameters(geometry, slab),
        buffers: [knots, buffers[index]],
        constants,
        workgroups: [
          Math.ceil(geometry.size[0] / constants.wx),
          Math.ceil(cellsOf(geometry)[1] / constants.wy),
          slab.end - slab.begin,
        ],
      }))
    );
    return { knots, slabs, buffers, dispatches, destroy: () => owned.destroy() };
  });
}

/**
 * The plain twin of the interpolation: the dense displacement field d(k), in voxels, of displacements k
 * at control points (section 3.2).
 *
 * @param knots - Displacements, 3 values per control point.
 * @param perVoxel - Voxels per unit of displacement along each axis: 1 / spacing for displacements in mm.
 */
export function controlGridDisplacementReference(
  geometry: ControlGridGeometry,
  knots: Float32Array,
  perVoxel: Triple,
): [Float32Array, Float32Array, Float32Array] {
  const [nx, ny, nz] = geometry.image;
  const field = [0, 1, 2].map(() => new Float32Array(nx * ny * nz));
  forEachWeight(geometry, (voxel, knot, weight) => {
    for (let c = 0; c < 3; c++) field[c][voxel] += weight * knots[3 * knot + c] * perVoxel[c];
  });
  return field as [Float32Array, Float32Array, Float32Array];
}

/** The plain twin of `prepareAdjoint()`: 3 sums per control point. */
export function controlGridAdjointReference(
  geometry: ControlGridGeometry,
  scale: Float32Array,
  v: readonly Float32Array[],
): Float64Array {
  const sums = new Float64Array(3 * controlPoints(geometry));
  forEachWeight(geometry, (voxel, knot, weight) => {
    for (let c = 0; c < 3; c++) sums[3 * knot + c] += weight * scale[voxel] * v[c][voxel];
  });
  return sums;
}

/** Calls `visit` for every voxel and control point with a non-zero interpolation weight. */
function forEachWeight(
  { image, stride, size, interpolation }: ControlGridGeometry,
  visit: (voxel: number, knot: number, weight: number) => void,
): void {
  const [nx, ny, nz] = image;
  /** The first control point of every position along an axis, and the weights from there on. */
  const alongAxis = (axis: number) =>
    Array.from({ length: image[axis] }, (_, i) => {
      const position = i / stride[axis];
      const first = Math.floor(position);
      const t = position - first;
      return { first, weights: interpolation === "linear" ? [1 - t, t] : cubicWeights(t) };
    });
  const [alongX, alongY, alongZ] = [0, 1, 2].map(alongAxis);
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        alongZ[z].weights.forEach((wz, kz) =>
          alongY[y].weights.forEach((wy, ky) =>
            alongX[x].weights.forEach((wx, kx) => {
              const weight = wx * wy * wz;
              if (weight === 0) return;
              const row = (alongZ[z].first + kz) * size[1] + alongY[y].first + ky;
              visit((z * ny + y) * nx + x, row * size[0] + alongX[x].first + kx, weight);
            })
          )
        );
      }
    }
  }
}
