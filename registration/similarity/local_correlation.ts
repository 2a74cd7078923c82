/**
 * Local normalised cross-correlation as a similarity of the deformable registration: for images of one
 * modality, such as a real and a synthesised one.
 *
 * @module
 */

import { prepareAdjoint } from "../../kernels/control_grid/control_grid.ts";
import { prepareControlGridWarp } from "../../kernels/control_grid/control_grid_warp.ts";
import { binStep, recordVoxelPairs } from "../../kernels/control_grid/voxel_pairs.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { createImage } from "../../kernels/gpu/image.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { prepareLocalCorrelation } from "../../kernels/local_correlation/local_correlation.ts";
import type {
  PreparedSimilarity,
  Similarity,
  SimilarityInputs,
  SimilarityKind,
} from "./similarity.ts";

/** Standard deviation of the window, mm. */
const WINDOW = 10;

/**
 * Local correlation in the list of similarities. Weights and window are the best of a row tried on scenes
 * of one contrast with noise, uneven gain and known deformations (`testing/scene.ts`).
 */
export const LOCAL_CORRELATION: SimilarityKind = {
  description: "local normalised cross-correlation, for images of one modality",
  lambda: { l2: 0.1, tv: 0.05, bending: 50 },
  create: ({ fixedRange, movingRange, window = WINDOW, absolute }) =>
    localCorrelationSimilarity(fixedRange, movingRange, window, absolute),
};

/**
 * E = 1 - mean of cc = cov / sqrt(var_f var_m) in Gaussian windows, from 0 (alike but for brightness and
 * contrast) to 2 (inverted); intensities are clipped to the ranges. Voxels outside the moving image or a
 * mask have no weight in any window.
 *
 * @param window - Standard deviation of the windows, mm.
 * @param absolute - Takes the mean of |cc|, as NiftyReg does: contrast may be inverted here and there.
 * @throws {RangeError} when `window` is not above 0.
 */
export function localCorrelationSimilarity(
  fixedRange: BinRange,
  movingRange: BinRange,
  window: number,
  absolute = false,
): Similarity {
  if (!(window > 0 && Number.isFinite(window))) {
    throw new RangeError(`\`window\` must be above 0 mm, got ${window}`);
  }
  return {
    name: "lncc",
    parameters: absolute ? { window, absolute: "yes" } : { window },
    // Seven images, and 23 bytes where windows stand two voxels apart along each axis; fewer where wider.
    bytesPerVoxel: 4 * 7 + 23,
    prepare: (gpu, inputs) => prepare(gpu, inputs, { fixedRange, movingRange, window, absolute }),
  };
}

function prepare(
  gpu: Gpu,
  inputs: SimilarityInputs,
  { fixedRange, movingRange, window, absolute }: {
    fixedRange: BinRange;
    movingRange: BinRange;
    window: number;
    absolute: boolean;
  },
): PreparedSimilarity {
  const { geometry, origin, perVoxel, knots, gradient, scalars, fixed } = inputs;
  const owned: { destroy(): void }[] = [];
  const own = <T extends { destroy(): void }>(resource: T): T => (owned.push(resource), resource);
  const destroy = () => owned.reverse().forEach((resource) => resource.destroy());
  try {
    const moving = own(createImage(gpu, "moving by pairs", inputs.moving.size));
    const recorder = gpu.record("moving by pairs");
    recordVoxelPairs(gpu, recorder, {
      source: inputs.moving,
      range: movingRange,
      mask: inputs.movingMask,
      pairs: moving,
    });
    recorder.submit();
    const image = (label: string) => own(createImage(gpu, label, geometry.image));
    const warped = image("warped");
    const residual = image("dE/dI");
    const slopes = [image("dI/dx"), image("dI/dy"), image("dI/dz")] as const;
    const warp = own(prepareControlGridWarp(gpu, {
      geometry,
      knots,
      moving,
      step: binStep(movingRange.bins),
      origin,
      perVoxel,
      warped,
      gradient: slopes,
    }));
    const correlation = own(prepareLocalCorrelation(gpu, {
      geometry,
      fixed,
      fixedRange,
      mask: inputs.fixedMask,
      warped,
      residual,
      scalars,
      sigma: [window * perVoxel[0], window * perVoxel[1], window * perVoxel[2]],
      movingTop: movingRange.bins - 1,
      absolute,
    }));
    const adjoint = own(
      prepareAdjoint(gpu, { geometry, vectors: slopes, scale: residual, sums: gradient }),
    );
    return {
      dispatches: [...warp.dispatches, ...correlation.dispatches, ...adjoint.dispatches],
      destroy,
    };
  } catch (error) {
    destroy();
    throw error;
  }
}
