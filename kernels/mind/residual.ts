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
  type ControlGridGeometry,
  controlPoints,
  warpParameters,
} from "../control_grid/control_grid.ts";
import { preparePull, type Pull, type PulledPart } from "../control_grid/reached_windows.ts";
import type { Dispatch, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { type MindDescriptors, wordsOf } from "./descriptor.ts";
import { pulledReference, type PulledReferenceOptions } from "./pulled_reference.ts";
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
    const pulled = { ...options, knots: columns.knots, bytesPerVoxel: 4 * fixed.words };
    const kernel = ({ windowed }: PulledPart) =>
      mindResidual({
        neighbourhood: fixed.neighbourhood,
        difference,
        bits: fixed.bits,
        interpolation: geometry.interpolation,
        windowed,
      });
    const dispatches: Dispatch[] = [];
    slabs.forEach((slab, index) => {
      const pull: Pull = {
        kernel,
        planes: slab,
        dispatch: ({ band, window, accumulate }) => {
          const { workgroups, invocations } = rowCellWorkgroups(geometry, band);
          return {
            parameters: {
              ...warpParameters(options, slab, window),
              first: band.begin - slab.begin,
              end: band.end - slab.begin,
              invocations,
              accumulate,
            },
            buffers: [
              columns.buffers[index],
              wordsOf(fixed, slab.begin, slab.end),
              wordsOf(moving, window.begin, window.to),
              ...cells.buffers,
            ],
            constants: { strideX: geometry.stride[0] },
            workgroups,
          };
        },
      };
      dispatches.push(...preparePull(gpu, pulled, pull, owned));
      dispatches.push(owned.add(gpu.prepare(SUM_CELLS, {
        parameters: {
          cells: rowCellWorkgroups(geometry, slab).items,
          firstPart: index * CELL_PARTS,
        },
        buffers: [cells.buffers[0], cells.buffers[1], parts],
        workgroups: [CELL_PARTS],
      })));
      dispatches.push(...rest.ofSlab[index]);
    });
    dispatches.push(owned.add(gpu.prepare(MEAN_ENERGY, {
      parameters: {
        parts: CELL_PARTS * slabs.length,
        controlPoints: controlPoints(geometry),
        perSample: 1,
      },
      buffers: [parts, gradient, scalars],
      workgroups: [Math.ceil(controlPoints(geometry) / 64)],
    })));
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link mindResidualReference}. */
export interface MindResidualReferenceOptions extends PulledReferenceOptions {
  /** See {@link MindResidualOptions}. */
  readonly difference: MindDifference;
}

/**
 * The plain twin: E, the number of voxels that count, and the derivative of E with respect to every
 * voxel's displacement, per mm.
 */
export function mindResidualReference(
  options: MindResidualReferenceOptions,
): { value: number; voxels: number; forces: [Float64Array, Float64Array, Float64Array] } {
  const { fixed, channels, difference } = options;
  const pulled = pulledReference(options);
  const forces = [0, 1, 2].map(() => new Float64Array(pulled.length));
  let sum = 0;
  let voxels = 0;
  for (const [voxel, found] of pulled.entries()) {
    if (found === undefined) continue;
    const differences = found.entries.map((entry, c) => entry - fixed[voxel * channels + c]);
    const size = differences.reduce(
      (total, d) => total + (difference === "squared" ? d * d : Math.abs(d)) / channels,
      0,
    );
    voxels++;
    sum += difference === "squared" ? size : size * size;
    for (let axis = 0; axis < 3; axis++) {
      forces[axis][voxel] = differences.reduce((total, d, c) => {
        const slope = difference === "squared"
          ? 2 * d
          : 2 * size * Math.min(Math.max(STEEPNESS * d, -1), 1);
        return total + slope / channels * found.slopes[axis][c];
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
