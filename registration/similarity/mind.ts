/**
 * MIND (eq. 5 and 6) and its self-similarity context as similarities of the deformable registration.
 *
 * @module
 */

import { mindDescriptors } from "../../kernels/mind/descriptor.ts";
import type { MindNeighbourhood } from "../../kernels/mind/layout.ts";
import { type MindDifference, prepareMindResidual } from "../../kernels/mind/residual.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { descriptorWords } from "../../kernels/mind/layout.ts";
import type { Similarity, SimilarityKind } from "./similarity.ts";

/** Standard deviation of the patch weights, voxels of the level (Heinrich's). */
const SIGMA = 0.5;
/** Bits of a channel: with 10 instead nothing but the time changes (docs/validation.md). */
const BITS = 5;

/** MIND in the list of similarities. */
export const MIND: SimilarityKind = {
  description: "modality independent neighbourhood descriptor",
  lambda: { l2: 0.1, tv: 0.05, bending: 20 },
  create: ({ fixedRange, movingRange, sigma, neighbourhood }) =>
    mindSimilarity("mind", fixedRange, movingRange, {
      sigma: sigma ?? SIGMA,
      neighbourhood: neighbourhood ?? "six",
      difference: "absolute",
    }),
};

/** MIND-SSC in the list of similarities. */
export const MIND_SSC: SimilarityKind = {
  description: "MIND's self-similarity context, 12 pairs",
  lambda: { l2: 0.1, tv: 0.05, bending: 15 },
  create: ({ fixedRange, movingRange, sigma }) =>
    mindSimilarity("mind-ssc", fixedRange, movingRange, {
      sigma: sigma ?? SIGMA,
      neighbourhood: "ssc",
      difference: "squared",
    }),
};

/** What distinguishes the similarities made of descriptors. */
export interface MindParameters {
  /** Standard deviation of the patch weights, voxels. */
  readonly sigma: number;
  /** What is compared with what. */
  readonly neighbourhood: MindNeighbourhood;
  /** How channels' differences add up: eq. 6's, or the mean of squares. */
  readonly difference: MindDifference;
}

/** E_MIND, the mean over voxels of eq. 6's squares; intensities are scaled so that each window spans 255. */
export function mindSimilarity(
  name: string,
  fixedRange: BinRange,
  movingRange: BinRange,
  { sigma, neighbourhood, difference }: MindParameters,
): Similarity {
  const scale = ({ low, high }: BinRange) => high > low ? 255 / (high - low) : 1;
  const words = descriptorWords(neighbourhood, BITS);
  return {
    name,
    parameters: { sigma, neighbourhood, difference },
    // Both descriptors, the residual and its three derivatives; before them, scratch as large.
    bytesPerVoxel: 2 * 4 * words + 4 * 4 + 16,
    prepare(gpu, inputs) {
      const descriptors = (image: "fixed" | "moving", range: BinRange) =>
        mindDescriptors(gpu, {
          source: inputs[image],
          mask: inputs[`${image}Mask`],
          neighbourhood,
          sigma,
          scale: scale(range),
          bits: BITS,
        });
      const fixed = descriptors("fixed", fixedRange);
      const moving = descriptors("moving", movingRange);
      const { geometry, knots, origin, perVoxel, gradient, scalars } = inputs;
      const residual = prepareMindResidual(gpu, {
        geometry,
        knots,
        fixed,
        moving,
        difference,
        origin,
        perVoxel,
        gradient,
        scalars,
      });
      return {
        dispatches: residual.dispatches,
        destroy: () => [residual, fixed, moving].forEach((resource) => resource.destroy()),
      };
    },
  };
}
