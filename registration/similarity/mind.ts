/**
 * MIND (eq. 5 and 6) and its self-similarity context as similarities of the deformable registration.
 *
 * @module
 */

import { Owned } from "../../kernels/gpu/owned.ts";
import { mindDescriptors } from "../../kernels/mind/descriptor.ts";
import { descriptorWords, type MindNeighbourhood } from "../../kernels/mind/layout.ts";
import { type MindDifference, prepareMindResidual } from "../../kernels/mind/residual.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import type { BooleanOption, NumberOption, OptionDeclarations } from "../option_declarations.ts";
import { columnsOf } from "./columns.ts";
import {
  declareSimilarity,
  type IntensityRanges,
  type Similarity,
  type SimilarityKind,
} from "./similarity.ts";

/** Bits per channel. With the finer ones only time and memory change (docs/validation.md). */
export const BITS = { coarse: 5, fine: 10 } as const;

/** Options of MIND. */
export interface MindOptions extends MindSscOptions {
  /** MIND: the neighbourhood N of eq. 6, six neighbours (default) or all 26. */
  readonly neighbourhood?: "six" | "dense" | undefined;
}

/** Options of MIND-SSC. */
export interface MindSscOptions {
  /** MIND: standard deviation of the patch weights G_sigma, voxels of the level (eq. 5). Default 0.5. */
  readonly sigma?: number | undefined;
  /** MIND: stores the entries of descriptors in 10 bits in place of 5. Default false. */
  readonly fineDescriptors?: boolean | undefined;
}

/** The declaration of the precision. */
const FINE: BooleanOption = {
  type: "boolean",
  default: false,
  help: `${BITS.fine} bits for each entry of a descriptor in place of ${BITS.coarse}`,
};

/** The standard deviation of the patch weights; the default is that of Heinrich et al. */
export const SIGMA: NumberOption = {
  type: "number",
  default: 0.5,
  min: 0.1,
  max: 2,
  unit: "voxels",
  help: "standard deviation of the patch weights",
};

/** The declarations of MIND's options. */
export const MIND_OPTIONS: OptionDeclarations<MindOptions> = {
  sigma: SIGMA,
  neighbourhood: {
    type: "choice",
    choices: ["six", "dense"],
    default: "six",
    help: "the compared neighbours, the nearest six or all 26",
  },
  fineDescriptors: FINE,
};

/** The declarations of MIND-SSC's options. */
export const SSC_OPTIONS: OptionDeclarations<MindSscOptions> = {
  sigma: SIGMA,
  fineDescriptors: FINE,
};

/** The factor by which a range of intensities spans 255. */
export function intensityScale({ low, high }: BinRange): number {
  return high > low ? 255 / (high - low) : 1;
}

/** MIND in the list of similarities. */
export const MIND: SimilarityKind = declareSimilarity<MindOptions>({
  name: "mind",
  description: "modality independent neighbourhood descriptor",
  lambda: { l2: 0.1, tv: 0.05, bending: 20 },
  options: MIND_OPTIONS,
  create: ({ sigma, neighbourhood, fineDescriptors, ...ranges }) =>
    mindSimilarity("mind", ranges, {
      sigma,
      neighbourhood,
      difference: "absolute",
      fineDescriptors,
    }),
});

/** MIND-SSC in the list of similarities. */
export const MIND_SSC: SimilarityKind = declareSimilarity<MindSscOptions>({
  name: "mind-ssc",
  description: "MIND's self-similarity context, 12 pairs",
  lambda: { l2: 0.1, tv: 0.05, bending: 15 },
  options: SSC_OPTIONS,
  create: ({ sigma, fineDescriptors, ...ranges }) =>
    mindSimilarity("mind-ssc", ranges, {
      sigma,
      neighbourhood: "ssc",
      difference: "squared",
      fineDescriptors,
    }),
});

interface MindParameters {
  /** Standard deviation of the patch weights, voxels. */
  readonly sigma: number;
  /** The pairs of patches that a descriptor compares. */
  readonly neighbourhood: MindNeighbourhood;
  /** The sum of the channels' differences: eq. 6's, or the mean of squares. */
  readonly difference: MindDifference;
  /** True for 10 bits per channel. */
  readonly fineDescriptors: boolean;
}

/** Bytes per voxel of the descriptors of MIND with these options, which an evaluation binds. */
export function descriptorBytes(
  { neighbourhood, fineDescriptors }: {
    readonly neighbourhood: MindNeighbourhood;
    readonly fineDescriptors: boolean;
  },
): number {
  return 4 * descriptorWords(neighbourhood, fineDescriptors ? BITS.fine : BITS.coarse);
}

/** E_MIND, the mean over voxels of eq. 6's squares. Intensities are scaled so that each range spans 255. */
function mindSimilarity(
  name: string,
  { fixedRange, movingRange }: IntensityRanges,
  { sigma, neighbourhood, difference, fineDescriptors }: MindParameters,
): Similarity {
  const bits = fineDescriptors ? BITS.fine : BITS.coarse;
  const words = descriptorWords(neighbourhood, bits);
  return {
    name,
    parameters: { sigma, neighbourhood, difference, descriptorBits: bits },
    // Both descriptors and the scratch memory of the second one. An evaluation needs less.
    bytesPerVoxel: 2 * 4 * words + 4 * 4 + 16,
    needsPatches: true,
    prepare: (gpu, inputs) =>
      Owned.build((owned) => {
        const descriptors = (image: "fixed" | "moving", range: BinRange) =>
          owned.add(mindDescriptors(gpu, {
            source: inputs[image],
            mask: inputs[`${image}Mask`],
            neighbourhood,
            sigma,
            scale: intensityScale(range),
            bits,
          }));
        const fixed = descriptors("fixed", fixedRange);
        const moving = descriptors("moving", movingRange);
        const { geometry, origin, perVoxel, gradient, scalars } = inputs;
        const expanded = columnsOf(gpu, inputs, {
          owned,
          bytesPerVoxel: descriptorBytes({ neighbourhood, fineDescriptors }),
        });
        const { dispatches } = owned.add(prepareMindResidual(gpu, {
          geometry,
          columns: expanded.columns,
          fixed,
          moving,
          difference,
          origin,
          perVoxel,
          gradient,
          scalars,
        }));
        return {
          dispatches: [...expanded.dispatches, ...dispatches],
          destroy: () => owned.destroy(),
        };
      }),
  };
}
