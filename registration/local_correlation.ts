/**
 * Local normalised cross-correlation as a similarity of the deformable registration: for images of one
 * modality, such as a real and a synthesised one.
 *
 * @module
 */

import { prepareAdjoint } from "../kernels/control_grid.ts";
import { prepareControlGridWarp } from "../kernels/control_grid_warp.ts";
import { createImage } from "../kernels/gpu_image.ts";
import { type BinRange, binStep, recordMovingBins } from "../kernels/joint_histogram.ts";
import { prepareLocalCorrelation } from "../kernels/local_correlation.ts";
import type { Triple } from "../volume/affine.ts";
import type { Similarity, SimilarityKind } from "./similarity.ts";

/** Standard deviation of the window, mm. */
const WINDOW = 10;

/** Local correlation in the list of similarities. */
export const LOCAL_CORRELATION: SimilarityKind = {
  description: "local normalised cross-correlation, for images of one modality",
  lambda: { l2: 0.1, tv: 0.05, bending: 30 },
  create: ({ fixedRange, movingRange, window }) =>
    localCorrelationSimilarity(fixedRange, movingRange, window ?? WINDOW),
};

/**
 * E = 1 - mean of cc = cov / sqrt(var_f var_m) in Gaussian windows; intensities are clipped to the ranges.
 *
 * @param window - Standard deviation of the windows, mm.
 */
export function localCorrelationSimilarity(
  fixedRange: BinRange,
  movingRange: BinRange,
  window: number,
): Similarity {
  if (!(window > 0)) throw new RangeError(`\`window\` must be above 0 mm, got ${window}`);
  return {
    name: "lncc",
    parameters: { window },
    bytesPerVoxel: 4 * 6 + 36,
    prepare(gpu, inputs) {
      const { geometry, origin, perVoxel, knots, gradient, scalars, fixed } = inputs;
      const moving = createImage(gpu, "moving by pairs", inputs.moving.size);
      const recorder = gpu.record("moving by pairs");
      recordMovingBins(gpu, recorder, inputs.moving, movingRange, moving, inputs.movingMask);
      recorder.submit();
      const [warped, residual, ...slopes] = ["warped", "dE/dI", "dI/dx", "dI/dy", "dI/dz"]
        .map((label) => createImage(gpu, label, geometry.image));
      const derivative = slopes as unknown as Parameters<typeof prepareAdjoint>[3];
      const warp = prepareControlGridWarp(gpu, {
        ...{ geometry, knots, moving, step: binStep(movingRange.bins), origin, perVoxel, warped },
        gradient: derivative,
      });
      const correlation = prepareLocalCorrelation(gpu, {
        ...{ geometry, fixed, fixedRange, mask: inputs.fixedMask, warped, residual, scalars },
        sigma: perVoxel.map((voxels) => window * voxels) as unknown as Triple,
        movingTop: movingRange.bins - 1,
      });
      const adjoint = prepareAdjoint(gpu, geometry, residual, derivative, gradient);
      return {
        dispatches: [...warp.dispatches, ...correlation.dispatches, ...adjoint.dispatches],
        destroy: () => {
          [warp, correlation, adjoint, moving, warped, residual, ...slopes].forEach((r) =>
            r.destroy()
          );
        },
      };
    },
  };
}
