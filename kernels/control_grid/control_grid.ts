/**
 * Displacements at control points, interpolated linearly to every voxel, and the exact transpose of
 * that interpolation (the two operators that a parametric registration is built on).
 *
 * @module
 */

import { rowWorkgroup } from "../gpu/workgroups.ts";
import type { Triple } from "../../volume/affine.ts";
import { ADJOINT_AXIS, ADJOINT_ROWS, EXPAND_COLUMNS } from "./control_grid.wgsl.ts";
import { type Dispatch, type Gpu, type GpuBuffer, type Parameter, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { cutSlabs, type Slab } from "../gpu/slabs.ts";

/** Where control points lie on an image: at voxels 0, s, 2s, ... along every axis, the last at or beyond its end. */
export interface ControlGridGeometry {
  /** Voxels of the image. */
  readonly image: Triple;
  /** Whole voxels from one control point to the next along each axis. */
  readonly stride: Triple;
  /** Control points along each axis: ceil(n / s) + 1. */
  readonly size: Triple;
}

/** The geometry of a control grid over an image. */
export function controlGridGeometry(image: Triple, stride: Triple): ControlGridGeometry {
  if (!stride.every((s) => Number.isInteger(s) && s >= 1)) {
    throw new RangeError(`\`stride\` must be whole numbers of voxels, got ${stride.join(", ")}`);
  }
  const size = image.map((n, axis) => Math.ceil(n / stride[axis]) + 1) as unknown as Triple;
  return { image, stride, size };
}

/** Control points of a geometry. */
export function controlPoints({ size }: ControlGridGeometry): number {
  return size[0] * size[1] * size[2];
}

/**
 * Slabs of whole planes for which an image, its row sums and its byte-sized bins all fit into one
 * binding and start on the binding alignment.
 *
 * @param bytesPerVoxel - Of the largest thing bound, a whole number of 4 bytes.
 */
export function controlGridSlabs(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  bytesPerVoxel = 4,
): Slab[] {
  const [nx, ny, planes] = geometry.image;
  const plane = rowPitch(nx) * ny;
  return cutSlabs(gpu, {
    planes,
    bound: [bytesPerVoxel * plane, plane, 16 * geometry.size[0] * ny],
  });
}

/** The uniform block of `CONTROL_GRID_GEOMETRY`. */
export function geometryParameters(
  { image, stride, size }: ControlGridGeometry,
  slab: Slab,
): Parameter[] {
  return [
    ...[...image, slab.begin, ...size, slab.end - slab.begin, ...stride, rowPitch(image[0])].map(
      u32,
    ),
  ];
}

/** Bytes of the scratch columns (and row sums) of one slab. */
export function columnBytes(geometry: ControlGridGeometry, slab: Slab): number {
  return 16 * geometry.size[0] * geometry.image[1] * (slab.end - slab.begin);
}

/** Prepares control points -> columns of one slab. */
export function prepareColumns(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  slab: Slab,
  knots: GpuBuffer,
  columns: GpuBuffer,
): Dispatch {
  const [, strideY, strideZ] = geometry.stride;
  const constants = { ...rowWorkgroup(geometry.size[0]), strideY, strideZ };
  return gpu.prepare(EXPAND_COLUMNS, {
    parameters: geometryParameters(geometry, slab),
    buffers: [knots, columns],
    constants,
    workgroups: [
      Math.ceil(geometry.size[0] / constants.wx),
      Math.ceil(geometry.image[1] / constants.wy),
      slab.end - slab.begin,
    ],
  });
}

/**
 * Prepares `knots = A^T (scale * v)`, with A the interpolation: what turns a gradient at voxels into
 * a gradient at control points (chain rule of eq. 7's E(d(k))).
 *
 * @param scale - 1 everywhere when absent.
 * @param knots - Receives the sums, one vec4 (x, y, z, 0) a control point.
 */
export function prepareAdjoint(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  scale: GpuImage | undefined,
  v: readonly [GpuImage, GpuImage, GpuImage],
  knots: GpuBuffer,
): Prepared {
  const [, ny] = geometry.image;
  const [kx, ky, kz] = geometry.size;
  const slabs = controlGridSlabs(gpu, geometry);
  const deepest = Math.max(...slabs.map((slab) => slab.end - slab.begin));
  const rows = gpu.buffer("adjoint rows", 16 * kx * ny * deepest);
  const planes = gpu.buffer("adjoint planes", 16 * kx * ky * deepest);
  const dispatches: Dispatch[] = [];
  slabs.forEach((slab, index) => {
    const depth = slab.end - slab.begin;
    const constants = { ...rowWorkgroup(kx), scaled: scale === undefined ? 0 : 1 };
    const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
    dispatches.push(
      gpu.prepare(ADJOINT_ROWS, {
        parameters: geometryParameters(geometry, slab),
        buffers: [part(scale ?? v[0]), ...v.map(part), rows],
        constants,
        workgroups: [Math.ceil(kx / constants.wx), Math.ceil(ny / constants.wy), depth],
      }),
      gpu.prepare(ADJOINT_AXIS, {
        parameters: [kx, ny, depth, ky, geometry.stride[1], 0, 0, 0].map(u32),
        buffers: [rows, planes],
        constants: { wx: 32 },
        workgroups: [Math.ceil(kx / 32), ky, depth],
      }),
      gpu.prepare(ADJOINT_AXIS, {
        parameters: [kx * ky, depth, 1, kz, geometry.stride[2], slab.begin, index === 0 ? 0 : 1, 0]
          .map(u32),
        buffers: [planes, knots],
        workgroups: [Math.ceil(kx * ky / 64), kz],
      }),
    );
  });
  return {
    dispatches,
    destroy: () => {
      dispatches.forEach((dispatch) => dispatch.destroy());
      rows.destroy();
      planes.destroy();
    },
  };
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

/** The plain twin of {@link prepareAdjoint}: 3 sums a control point. */
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

/** Visits every non-zero interpolation weight. */
function forEachWeight(
  { image, stride, size }: ControlGridGeometry,
  visit: (voxel: number, knot: number, weight: number) => void,
): void {
  const [nx, ny, nz] = image;
  for (let z = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++) {
        const position = [x / stride[0], y / stride[1], z / stride[2]];
        const cell = position.map(Math.floor);
        for (let corner = 0; corner < 8; corner++) {
          let weight = 1;
          let knot = 0;
          let step = 1;
          for (let axis = 0; axis < 3; axis++) {
            const far = (corner >> axis) & 1;
            const t = position[axis] - cell[axis];
            weight *= far ? t : 1 - t;
            knot += (cell[axis] + far) * step;
            step *= size[axis];
          }
          if (weight !== 0) visit((z * ny + y) * nx + x, knot, weight);
        }
      }
    }
  }
}
