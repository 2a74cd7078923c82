/**
 * The columns of the control grid that a similarity reads.
 *
 * @module
 */

import {
  type Columns,
  controlGridSlabs,
  prepareColumns,
} from "../../kernels/control_grid/control_grid.ts";
import type { Dispatch, Gpu } from "../../kernels/gpu/gpu.ts";
import type { Owned } from "../../kernels/gpu/owned.ts";
import type { SimilarityInputs } from "./similarity.ts";

/** The result of {@link columnsOf}. */
export interface ColumnsOfInputs {
  /** The columns of the trial displacements. */
  readonly columns: Columns;
  /** The dispatches that expand them; none if earlier dispatches do. */
  readonly dispatches: readonly Dispatch[];
}

/**
 * The columns of the trial displacements: those of the inputs, or new ones in slabs for images of so many bytes per
 * voxel.
 */
export function columnsOf(
  gpu: Gpu,
  { columns, geometry, displacements }: SimilarityInputs,
  { owned, bytesPerVoxel = 4 }: { owned: Owned; bytesPerVoxel?: number | undefined },
): ColumnsOfInputs {
  if (columns !== undefined) return { columns, dispatches: [] };
  const slabs = controlGridSlabs(gpu, geometry, bytesPerVoxel);
  const own = owned.add(prepareColumns(gpu, { geometry, knots: displacements, slabs }));
  return { columns: own, dispatches: own.dispatches };
}
