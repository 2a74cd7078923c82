/**
 * The exact transpose of the interpolation from control points to voxels, axis by axis: an invocation reads
 * each voxel of its cell once, and sums it at the control points of the cell.
 *
 * @module
 */

import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import type { Slab } from "../gpu/slabs.ts";
import { flatWorkgroups, rowWorkgroup } from "../gpu/workgroups.ts";
import { adjointPlanes, adjointRows, adjointVolume, pointsOfCell } from "./adjoint.wgsl.ts";
import {
  cellsOf,
  type ControlGridGeometry,
  controlGridSlabs,
  geometryParameters,
} from "./control_grid.ts";

/** Options of {@link prepareAdjoint}. */
export interface AdjointOptions {
  /** The control grid. */
  readonly geometry: ControlGridGeometry;
  /** The components v of a vector field at voxels, along x, y, z. */
  readonly vectors: readonly [GpuImage, GpuImage, GpuImage];
  /** The factor of the vectors at every voxel. */
  readonly scale: GpuImage;
  /** Receives the sums, one vec4 (x, y, z, 0) per control point. */
  readonly sums: GpuBuffer;
}

function createPlanes(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  slabs: readonly Slab[],
): GpuBuffer {
  const { interpolation, size: [kx] } = geometry;
  const bytes = 16 * pointsOfCell(interpolation) * kx * cellsOf(geometry)[1] * deepest(slabs);
  return gpu.buffer("cells along y", bytes);
}

/**
 * Prepares `sums = A^T (scale * v)`, where A is the interpolation from control points to voxels. It turns
 * a gradient at voxels into a gradient at control points (chain rule of eq. 7's E(d(k))).
 */
export function prepareAdjoint(
  gpu: Gpu,
  { geometry, vectors, scale, sums }: AdjointOptions,
): Prepared {
  return Owned.build((owned) => {
    const slabs = controlGridSlabs(gpu, geometry);
    const cells = owned.add(createRowCells(gpu, geometry, slabs));
    const rest = owned.add(prepareAdjointOfCells(gpu, { geometry, slabs, cells, sums }));
    const kernel = adjointRows(geometry.interpolation);
    const dispatches = slabs.flatMap((slab, index) => {
      const { workgroups, invocations } = rowCellWorkgroups(geometry, slab);
      const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
      const alongX = owned.add(gpu.prepare(kernel, {
        parameters: { geometry: geometryParameters(geometry, slab), invocations },
        buffers: [
          part(scale),
          part(vectors[0]),
          part(vectors[1]),
          part(vectors[2]),
          ...cells.buffers,
        ],
        constants: { strideX: geometry.stride[0] },
        workgroups,
      }));
      return [alongX, ...rest.ofSlab[index]];
    });
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** The sums of the cells along x of a slab. */
export interface RowCells {
  /**
   * One buffer per control point of a cell, with a vec4 (x, y, z, and a value that the adjoint does not read) for each
   * cell of each row.
   */
  readonly buffers: readonly GpuBuffer[];
  /** Frees the buffers. */
  destroy(): void;
}

/**
 * The memory of the columns and of the sums of the cells of two adjoints, in bytes, if one binding holds them: the
 * maximum of a similarity on this control grid.
 */
export function controlGridScratchBytes(geometry: ControlGridGeometry): number {
  const { interpolation, size: [kx], image: [, ny, nz] } = geometry;
  const [cellsX, cellsY] = cellsOf(geometry);
  const points = pointsOfCell(interpolation);
  const columns = 16 * kx * ny * nz;
  const sums = 16 * points * (cellsX * ny * nz + kx * cellsY * nz);
  return columns + 2 * sums;
}

/** Allocates the sums of the cells along x, for the largest slab. */
export function createRowCells(
  gpu: Gpu,
  geometry: ControlGridGeometry,
  slabs: readonly Slab[],
): RowCells {
  return Owned.build((owned) => {
    const bytes = 16 * cellsOf(geometry)[0] * geometry.image[1] * deepest(slabs);
    const points = pointsOfCell(geometry.interpolation);
    const buffers = Array.from(
      { length: points },
      () => owned.add(gpu.buffer("cells along x", bytes)),
    );
    return { buffers, destroy: () => owned.destroy() };
  });
}

function deepest(slabs: readonly Slab[]): number {
  return Math.max(...slabs.map(({ begin, end }) => end - begin));
}

/**
 * The cells along x of all rows of a slab, and workgroups of 64 invocations, one per cell: the cell
 * `id.y * invocations + id.x`.
 */
export function rowCellWorkgroups(
  geometry: ControlGridGeometry,
  { begin, end }: Slab,
): { items: number; workgroups: readonly [number, number]; invocations: number } {
  const items = cellsOf(geometry)[0] * geometry.image[1] * (end - begin);
  const { workgroups, stride } = flatWorkgroups(items);
  return { items, workgroups, invocations: stride };
}

/** Options of {@link prepareAdjointOfCells}. */
export interface AdjointOfCellsOptions extends Pick<AdjointOptions, "geometry" | "sums"> {
  /** The slabs, in their order. */
  readonly slabs: readonly Slab[];
  /** The sums of the cells along x of the current slab. */
  readonly cells: RowCells;
}

/** The rest of the adjoint. */
export interface AdjointOfCells {
  /** For each slab the dispatches that add its cells to the sums. */
  readonly ofSlab: readonly (readonly Dispatch[])[];
  /** Frees the dispatches and their buffers. */
  destroy(): void;
}

/** Prepares the adjoint along y and z, from the sums of the cells along x. */
export function prepareAdjointOfCells(
  gpu: Gpu,
  { geometry, slabs, cells, sums }: AdjointOfCellsOptions,
): AdjointOfCells {
  return Owned.build((owned) => {
    const { interpolation, stride } = geometry;
    const [kx, ky, kz] = geometry.size;
    const [, columnCells] = cellsOf(geometry);
    const planes = owned.add(createPlanes(gpu, geometry, slabs));
    const [alongY, alongZ] = [adjointPlanes(interpolation), adjointVolume(interpolation)];
    const workgroup = rowWorkgroup(kx);
    const groups = (rows: number, depth: number) =>
      [Math.ceil(kx / workgroup.wx), Math.ceil(rows / workgroup.wy), depth] as const;
    const ofSlab = slabs.map((slab, index) => [
      owned.add(gpu.prepare(alongY, {
        parameters: geometryParameters(geometry, slab),
        buffers: [...cells.buffers, planes],
        constants: { ...workgroup, strideY: stride[1] },
        workgroups: groups(columnCells, slab.end - slab.begin),
      })),
      owned.add(gpu.prepare(alongZ, {
        parameters: { geometry: geometryParameters(geometry, slab), accumulate: index > 0 },
        buffers: [planes, sums],
        constants: workgroup,
        workgroups: groups(ky, kz),
      })),
    ]);
    return { ofSlab, destroy: () => owned.destroy() };
  });
}
