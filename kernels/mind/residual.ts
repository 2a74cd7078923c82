/**
 * E_MIND (eq. 6) of a moving image pulled through a control grid, and its derivative. Descriptors are
 * computed once and interpolated like an image, so that the derivative is exact.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import {
  createRowCells,
  prepareAdjointOfCells,
  rowCellWorkgroups,
} from "../control_grid/adjoint.ts";
import {
  type Columns,
  controlGridDisplacementReference,
  type ControlGridGeometry,
  controlPoints,
  warpParameters,
} from "../control_grid/control_grid.ts";
import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { cellWindows } from "../gpu/slabs.ts";
import { type MindDescriptors, wordsOf } from "./descriptor.ts";
import {
  CELL_PARTS,
  MEAN_ENERGY,
  type MindDifference,
  mindResidual,
  STEEPNESS,
  SUM_CELLS,
} from "./residual.wgsl.ts";

export type { MindDifference } from "./residual.wgsl.ts";

/** Options of {@link prepareMindResidual}. */
export interface MindResidualOptions {
  /** The control grid on the fixed image. */
  readonly geometry: ControlGridGeometry;
  /**
   * The columns of the displacements, mm, in slabs in which the descriptors can be bound. Their dispatches are
   * recorded before those of the residual.
   */
  readonly columns: Columns;
  /** Descriptors of the fixed image. */
  readonly fixed: MindDescriptors;
  /** Descriptors of the moving image, on a grid parallel to the fixed one. */
  readonly moving: MindDescriptors;
  /** The measure of the differences between channels. */
  readonly difference: MindDifference;
  /** Position of the fixed image's voxel (0, 0, 0) in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** Receives dE/dk, one vec4 per control point. */
  readonly gradient: GpuBuffer;
  /** Receives E, the mean over the voxels that count, and the number of these voxels. */
  readonly scalars: GpuBuffer;
}

/** Prepares E_MIND and its gradient with respect to the control points. */
export function prepareMindResidual(gpu: Gpu, options: MindResidualOptions): Prepared {
  const { geometry, columns, fixed, moving, difference, gradient, scalars } = options;
  return Owned.build((owned) => {
    const { slabs } = columns;
    const cells = owned.add(createRowCells(gpu, geometry, slabs));
    const rest = owned.add(
      prepareAdjointOfCells(gpu, { geometry, slabs, cells, sums: gradient }),
    );
    const parts = owned.add(gpu.buffer("MIND parts", 8 * CELL_PARTS * slabs.length));
    const windows = cellWindows(gpu, moving.size, 4 * fixed.words);
    const kernel = mindResidual({
      neighbourhood: fixed.neighbourhood,
      difference,
      bits: fixed.bits,
      interpolation: geometry.interpolation,
      windowed: windows.length > 1,
    });
    const dispatches: Dispatch[] = [];
    slabs.forEach((slab, index) => {
      const { workgroups, invocations, items } = rowCellWorkgroups(geometry, slab);
      windows.forEach((window, pass) => {
        dispatches.push(owned.add(gpu.prepare(kernel, {
          parameters: {
            ...warpParameters(options, slab, window),
            invocations,
            accumulate: pass > 0,
          },
          buffers: [
            columns.buffers[index],
            wordsOf(fixed, slab.begin, slab.end),
            wordsOf(moving, window.begin, window.to),
            ...cells.buffers,
          ],
          constants: { strideX: geometry.stride[0] },
          workgroups,
        })));
      });
      dispatches.push(owned.add(gpu.prepare(SUM_CELLS, {
        parameters: { cells: items, firstPart: index * CELL_PARTS },
        buffers: [cells.buffers[0], cells.buffers[1], parts],
        workgroups: [CELL_PARTS],
      })));
      dispatches.push(...rest.ofSlab[index]);
    });
    dispatches.push(owned.add(gpu.prepare(MEAN_ENERGY, {
      parameters: {
        parts: CELL_PARTS * slabs.length,
        controlPoints: controlPoints(geometry),
      },
      buffers: [parts, gradient, scalars],
      workgroups: [Math.ceil(controlPoints(geometry) / 64)],
    })));
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link mindResidualReference}. */
export interface MindResidualReferenceOptions {
  /** The control grid on the fixed image. */
  readonly geometry: ControlGridGeometry;
  /** Displacements in mm, 3 values per control point. */
  readonly knots: ArrayLike<number>;
  /** Descriptor entries of the fixed image at `voxel * channels + channel`; NaN where a voxel does not count. */
  readonly fixed: Float64Array;
  /** Descriptor entries of the moving image in the same order. */
  readonly moving: { readonly size: Triple; readonly entries: Float64Array };
  /** Entries per voxel. */
  readonly channels: number;
  /** See {@link MindResidualOptions}. */
  readonly difference: MindDifference;
  /** See {@link MindResidualOptions}. */
  readonly origin: Triple;
  /** See {@link MindResidualOptions}. */
  readonly perVoxel: Triple;
}

/**
 * The plain twin: E, the number of voxels that count, and the derivative of E with respect to every
 * voxel's displacement, per mm.
 */
export function mindResidualReference(
  options: MindResidualReferenceOptions,
): { value: number; voxels: number; forces: [Float64Array, Float64Array, Float64Array] } {
  const { geometry, fixed, moving, channels, difference, origin, perVoxel } = options;
  const [nx, ny, nz] = geometry.image;
  const [, my] = moving.size;
  const mx = moving.size[0];
  const u = controlGridDisplacementReference(
    geometry,
    Float32Array.from(options.knots),
    perVoxel,
  );
  const forces = [0, 1, 2].map(() => new Float64Array(nx * ny * nz));
  let sum = 0;
  let voxels = 0;
  for (let voxel = 0; voxel < nx * ny * nz; voxel++) {
    const x = [voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))];
    const raw = x.map((v, c) => v + origin[c] + u[c][voxel]);
    const p = raw.map((v, c) => Math.min(Math.max(v, 0), moving.size[c] - 1));
    const cell = p.map((v, c) => Math.min(Math.floor(v), Math.max(moving.size[c] - 2, 0)));
    const differences = new Float64Array(channels);
    const slopes = [0, 1, 2].map(() => new Float64Array(channels));
    for (let c = 0; c < channels; c++) {
      differences[c] = -fixed[voxel * channels + c];
      for (let corner = 0; corner < 8; corner++) {
        const far = [corner & 1, (corner >> 1) & 1, corner >> 2];
        const at = cell.map((i, axis) => Math.min(i + far[axis], moving.size[axis] - 1));
        const entry = moving.entries[((at[2] * my + at[1]) * mx + at[0]) * channels + c];
        const w = p.map((v, axis) => far[axis] ? v - cell[axis] : 1 - v + cell[axis]);
        differences[c] += w[0] * w[1] * w[2] * entry;
        for (let axis = 0; axis < 3; axis++) {
          const others = w.reduce((product, v, other) => other === axis ? product : product * v, 1);
          slopes[axis][c] += (far[axis] ? 1 : -1) * others * entry;
        }
      }
    }
    const size = differences.reduce(
      (total, d) => total + (difference === "squared" ? d * d : Math.abs(d)) / channels,
      0,
    );
    if (Number.isNaN(size)) continue;
    voxels++;
    sum += difference === "squared" ? size : size * size;
    for (let axis = 0; axis < 3; axis++) {
      if (p[axis] !== raw[axis]) continue;
      forces[axis][voxel] = differences.reduce((total, d, c) => {
        const slope = difference === "squared"
          ? 2 * d
          : 2 * size * Math.min(Math.max(STEEPNESS * d, -1), 1);
        return total + slope / channels * slopes[axis][c] * perVoxel[axis];
      }, 0);
    }
  }
  forces.forEach((force) => force.forEach((f, i) => force[i] = f / Math.max(voxels, 1)));
  return {
    value: sum / Math.max(voxels, 1),
    voxels,
    forces: forces as [Float64Array, Float64Array, Float64Array],
  };
}
