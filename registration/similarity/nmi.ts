/**
 * Normalised mutual information as a similarity of the deformable registration.
 *
 * @module
 */

import { Owned } from "../../kernels/gpu/owned.ts";
import { fixedBinBytes, recordFixedBins } from "../../kernels/nmi/joint_histogram.ts";
import { prepareNmi } from "../../kernels/nmi/nmi.ts";
import { prepareIntensitySimilarity } from "./intensity_similarity.ts";
import { declareSimilarity, type SimilarityKind } from "./similarity.ts";

/** E_NMI = -(H_f + H_m) / H_fm of the intensities in 100 x 100 bins (section 3.2). */
export const NMI: SimilarityKind = declareSimilarity({
  name: "nmi",
  description: "normalised mutual information of 100 x 100 bins",
  lambda: { l2: 0.1, tv: 0.05, bending: 30 },
  options: {},
  create({ fixedRange, movingRange }) {
    if (fixedRange.bins !== movingRange.bins) {
      throw new RangeError("`fixedRange` and `movingRange` must have the same number of bins");
    }
    return {
      name: "nmi",
      parameters: { bins: fixedRange.bins },
      bytesPerVoxel: 4 * 6 + 1,
      prepare: (gpu, inputs) =>
        Owned.build((owned) => {
          const { geometry, scalars } = inputs;
          const fixedBins = owned.add(gpu.buffer("fixed bins", fixedBinBytes(geometry.image)));
          const recorder = gpu.record("fixed bins");
          recordFixedBins(gpu, recorder, {
            source: inputs.fixed,
            range: fixedRange,
            mask: inputs.fixedMask,
            bins: fixedBins,
          });
          recorder.submit();
          const { dispatches } = owned.add(prepareIntensitySimilarity(gpu, {
            inputs,
            movingRange,
            prepareResidual: ({ warped, residual }) =>
              prepareNmi(gpu, {
                geometry,
                bins: fixedRange.bins,
                fixedBins,
                warped,
                residual,
                scalars,
              }),
          }));
          return { dispatches, destroy: () => owned.destroy() };
        }),
    };
  },
});
