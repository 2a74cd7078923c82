/**
 * Local normalised cross-correlation as a similarity of the deformable registration: for images of one
 * modality, such as a real and a synthesised one.
 *
 * @module
 */

import { prepareLocalCorrelation } from "../../kernels/local_correlation/local_correlation.ts";
import { prepareIntensitySimilarity } from "./intensity_similarity.ts";
import { declareSimilarity, type SimilarityKind } from "./similarity.ts";

/** Options of local correlation. */
export interface LocalCorrelationOptions {
  /** Local correlation: standard deviation of the Gaussian window, mm. Default 10. */
  readonly window?: number | undefined;
  /** Local correlation: takes the mean of |cc|, so that local contrast may be inverted. Default false. */
  readonly absolute?: boolean | undefined;
}

/**
 * E = 1 - mean of cc = cov / sqrt(var_f var_m) in Gaussian windows, from 0 (equal up to brightness and
 * contrast) to 2 (inverted). Intensities are clipped to the ranges. Voxels outside the moving image or a
 * mask have no weight in any window. With `absolute`, the mean of |cc| is taken, as in NiftyReg.
 *
 * The weights lambda and the default window are the best of several that were tried on scenes of one
 * contrast with noise, uneven gain and known deformations (`testing/scene.ts`).
 */
export const LOCAL_CORRELATION: SimilarityKind = declareSimilarity<LocalCorrelationOptions>({
  name: "lncc",
  description: "local normalised cross-correlation, for images of one contrast, not for MR with CT",
  lambda: { l2: 0.1, tv: 0.05, bending: 50 },
  options: {
    window: {
      type: "number",
      default: 10,
      min: 0.1,
      unit: "mm",
      help: "standard deviation of the Gaussian window",
    },
    absolute: {
      type: "boolean",
      default: false,
      help: "an inverted contrast is as similar as an equal contrast",
    },
  },
  doubt: ({ absolute }) =>
    absolute ? undefined : "The similarity lncc compares images of one contrast. " +
      "For MR with CT use nmi+mind, or lncc with the option absolute.",
  create: ({ fixedRange, movingRange, window, absolute }) => ({
    name: "lncc",
    parameters: absolute ? { window, absolute: "yes" } : { window },
    // Seven images, and 23 bytes where windows stand two voxels apart along each axis; fewer where wider.
    bytesPerVoxel: 4 * 7 + 23,
    prepare: (gpu, inputs) =>
      prepareIntensitySimilarity(gpu, {
        inputs,
        movingRange,
        prepareResidual: ({ warped, residual }) =>
          prepareLocalCorrelation(gpu, {
            geometry: inputs.geometry,
            fixed: inputs.fixed,
            fixedRange,
            mask: inputs.fixedMask,
            warped,
            residual,
            scalars: inputs.scalars,
            sigma: [
              window * inputs.perVoxel[0],
              window * inputs.perVoxel[1],
              window * inputs.perVoxel[2],
            ],
            movingTop: movingRange.bins - 1,
            absolute,
          }),
      }),
  }),
});
