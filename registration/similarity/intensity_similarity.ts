/**
 * The parts that all similarities of intensities share: the warp before them and the adjoint after them.
 *
 * @module
 */

import { prepareAdjoint } from "../../kernels/control_grid/adjoint.ts";
import { prepareControlGridWarp } from "../../kernels/control_grid/control_grid_warp.ts";
import { binStep, recordVoxelPairs } from "../../kernels/control_grid/voxel_pairs.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { createImage, type GpuImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import type { Prepared } from "../../kernels/gpu/prepared.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { columnsOf } from "./columns.ts";
import type { PreparedSimilarity, SimilarityInputs } from "./similarity.ts";

/** Options of {@link prepareIntensitySimilarity}. */
export interface IntensitySimilarityOptions {
  /** The images and buffers. */
  readonly inputs: SimilarityInputs;
  /** Bins over the moving image's intensities. */
  readonly movingRange: BinRange;
  /**
   * Prepares the similarity itself: reads `warped`, the moving image in bin units at the working voxels
   * (`NO_VALUE` where there is none), and writes E, the number of valid voxels and dE/dI to `residual`.
   */
  readonly prepareResidual: (images: { warped: GpuImage; residual: GpuImage }) => Prepared;
}

/** Prepares a similarity of intensities: the warp, E with its derivative by intensity, the adjoint. */
export function prepareIntensitySimilarity(
  gpu: Gpu,
  { inputs, movingRange, prepareResidual }: IntensitySimilarityOptions,
): PreparedSimilarity {
  const { geometry, origin, perVoxel, gradient } = inputs;
  return Owned.build((owned) => {
    const moving = owned.add(createImage(gpu, "moving, 16-bit pairs", inputs.moving.size));
    const recorder = gpu.record("16-bit pairs");
    recordVoxelPairs(gpu, recorder, {
      source: inputs.moving,
      range: movingRange,
      mask: inputs.movingMask,
      pairs: moving,
    });
    recorder.submit();
    const image = (label: string) => owned.add(createImage(gpu, label, geometry.image));
    const warped = image("warped");
    const residual = image("dE/dI");
    const slopes = [image("dI/dx"), image("dI/dy"), image("dI/dz")] as const;
    const expanded = columnsOf(gpu, inputs, { owned });
    const warp = owned.add(prepareControlGridWarp(gpu, {
      geometry,
      columns: expanded.columns,
      moving,
      step: binStep(movingRange.bins),
      origin,
      perVoxel,
      warped,
      gradient: slopes,
    }));
    const similarity = owned.add(prepareResidual({ warped, residual }));
    const adjoint = owned.add(
      prepareAdjoint(gpu, { geometry, vectors: slopes, scale: residual, sums: gradient }),
    );
    return {
      dispatches: [
        ...expanded.dispatches,
        ...warp.dispatches,
        ...similarity.dispatches,
        ...adjoint.dispatches,
      ],
      destroy: () => owned.destroy(),
    };
  });
}
