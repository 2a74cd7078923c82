/**
 * Normalised mutual information as a similarity of the deformable registration.
 *
 * @module
 */

import { prepareAdjoint } from "../../kernels/control_grid/control_grid.ts";
import { prepareControlGridWarp } from "../../kernels/control_grid/control_grid_warp.ts";
import { binStep, recordVoxelPairs } from "../../kernels/control_grid/voxel_pairs.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { createImage } from "../../kernels/gpu/image.ts";
import {
  type BinRange,
  fixedBinBytes,
  recordFixedBins,
} from "../../kernels/nmi/joint_histogram.ts";
import { prepareNmi } from "../../kernels/nmi/nmi.ts";
import type {
  PreparedSimilarity,
  Similarity,
  SimilarityInputs,
  SimilarityKind,
} from "./similarity.ts";

/** Normalised mutual information in the list of similarities. */
export const NMI: SimilarityKind = {
  description: "normalised mutual information of 100 x 100 bins",
  lambda: { l2: 0.1, tv: 0.05, bending: 30 },
  create: ({ fixedRange, movingRange }) => nmiSimilarity(fixedRange, movingRange),
};

/** E_NMI = -(H_f + H_m) / H_fm of the intensities in these windows (section 3.2). */
export function nmiSimilarity(fixedRange: BinRange, movingRange: BinRange): Similarity {
  if (fixedRange.bins !== movingRange.bins) {
    throw new RangeError("`fixedRange` and `movingRange` must have the same number of bins");
  }
  return {
    name: "nmi",
    parameters: { bins: fixedRange.bins },
    bytesPerVoxel: 4 * 6 + 1,
    prepare: (gpu, inputs) => prepare(gpu, inputs, fixedRange, movingRange),
  };
}

function prepare(
  gpu: Gpu,
  inputs: SimilarityInputs,
  fixedRange: BinRange,
  movingRange: BinRange,
): PreparedSimilarity {
  const { geometry, origin, perVoxel, knots, gradient, scalars } = inputs;
  const size = geometry.image;
  const fixedBins = gpu.buffer("fixed bins", fixedBinBytes(size));
  const moving = createImage(gpu, "moving, in bins by pairs", inputs.moving.size);
  const recorder = gpu.record("bin intensities");
  recordFixedBins(gpu, recorder, {
    source: inputs.fixed,
    range: fixedRange,
    mask: inputs.fixedMask,
    bins: fixedBins,
  });
  recordVoxelPairs(gpu, recorder, {
    source: inputs.moving,
    range: movingRange,
    mask: inputs.movingMask,
    pairs: moving,
  });
  recorder.submit();

  const warped = createImage(gpu, "warped", size);
  const residual = createImage(gpu, "dE/dI", size);
  const dx = createImage(gpu, "dI/dx", size);
  const dy = createImage(gpu, "dI/dy", size);
  const dz = createImage(gpu, "dI/dz", size);
  const warp = prepareControlGridWarp(gpu, {
    geometry,
    knots,
    moving,
    step: binStep(fixedRange.bins),
    origin,
    perVoxel,
    warped,
    gradient: [dx, dy, dz],
  });
  const nmi = prepareNmi(gpu, {
    geometry,
    bins: fixedRange.bins,
    fixedBins,
    warped,
    residual,
    scalars,
  });
  const adjoint = prepareAdjoint(gpu, {
    geometry,
    vectors: [dx, dy, dz],
    scale: residual,
    sums: gradient,
  });
  return {
    dispatches: [...warp.dispatches, ...nmi.dispatches, ...adjoint.dispatches],
    destroy: () => {
      [warp, nmi, adjoint, fixedBins, moving, warped, residual, dx, dy, dz].forEach((r) =>
        r.destroy()
      );
    },
  };
}
