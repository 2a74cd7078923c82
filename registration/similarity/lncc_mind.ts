/**
 * Local correlation of the channels of MIND as a similarity of the deformable registration.
 *
 * MIND makes images of two modalities comparable, and the correlation in windows makes the comparison independent of
 * how strong the structure is in either. anatomix registers the abdomens of AbdomenMRCT by the local correlation of the
 * channels of MIND-SSC and of learned ones (github.com/neel-dey/anatomix); here it is without the learned channels. The
 * six channels of MIND have the error of the twelve of MIND-SSC in half the time (docs/validation.md).
 *
 * @module
 */

import { controlPoints } from "../../kernels/control_grid/control_grid.ts";
import type { Dispatch, Gpu } from "../../kernels/gpu/gpu.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import {
  type LocalCorrelationScratch,
  localCorrelationScratch,
  prepareLocalCorrelation,
} from "../../kernels/local_correlation/local_correlation.ts";
import { mindChannelImage } from "../../kernels/mind/channel_image.ts";
import { type MindDescriptors, mindDescriptors } from "../../kernels/mind/descriptor.ts";
import { descriptorWords, MIND_LAYOUTS } from "../../kernels/mind/layout.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { type DissimilarityBuffers, prepareWeightedSum } from "../../kernels/sums/weighted_sum.ts";
import type { Triple } from "../../volume/affine.ts";
import {
  INTENSITY_SCRATCH_BYTES,
  type IntensityScratch,
  intensityScratch,
  prepareIntensitySimilarity,
} from "./intensity_similarity.ts";
import { columnsOf } from "./columns.ts";
import { BITS, intensityScale, type MindSscOptions, SSC_OPTIONS } from "./mind.ts";
import {
  declareSimilarity,
  type PreparedSimilarity,
  type SimilarityInputs,
  type SimilarityKind,
} from "./similarity.ts";

/** Options of the local correlation of MIND. */
export interface LnccMindOptions extends MindSscOptions {
  /**
   * Local correlation of MIND: standard deviation of the Gaussian window, voxels of the level, so that the window
   * in mm becomes smaller from level to level. Default 3.
   */
  readonly channelWindow?: number | undefined;
}

const NEIGHBOURHOOD = "six";
const CHANNELS = MIND_LAYOUTS[NEIGHBOURHOOD].channels.length;

/** Entries of a descriptor are in [0, 1]; the bins only divide the 16-bit values of the warp. */
const ENTRIES: BinRange = { low: 0, high: 1, bins: 100 };

/**
 * E = 1 - the mean over voxels and channels of cc, the local correlation of a channel of both images: from 0 (equal)
 * to 2. A channel has one meaning in all modalities, so that the sign of cc counts.
 */
export const LNCC_MIND: SimilarityKind = declareSimilarity<LnccMindOptions>({
  name: "lncc-mind",
  description: "local correlation of the six channels of MIND: the smallest errors, and slow",
  lambda: { l2: 0.1, tv: 0.05, bending: 100 },
  options: {
    ...SSC_OPTIONS,
    channelWindow: {
      type: "number",
      default: 3,
      min: 1,
      unit: "voxels",
      help: "standard deviation of the Gaussian window, in voxels of the level",
    },
  },
  create: ({ sigma, fineDescriptors, channelWindow, fixedRange, movingRange }) => {
    const bits = fineDescriptors ? BITS.fine : BITS.coarse;
    const describe: Describe = (gpu, inputs, image) =>
      mindDescriptors(gpu, {
        source: inputs[image],
        mask: inputs[`${image}Mask`],
        neighbourhood: NEIGHBOURHOOD,
        sigma,
        scale: intensityScale(image === "fixed" ? fixedRange : movingRange),
        bits,
      });
    return {
      name: "lncc-mind",
      parameters: { sigma, channelWindow, descriptorBits: bits },
      // Two images for each channel; the descriptors of both images and one channel's image, which are freed before
      // the first evaluation; what an evaluation needs, which is that of local correlation.
      bytesPerVoxel: 8 * CHANNELS + 2 * 4 * descriptorWords(NEIGHBOURHOOD, bits) + 4 +
        INTENSITY_SCRATCH_BYTES + 23,
      prepare: (gpu, inputs) =>
        Owned.build((owned) => prepareChannels(gpu, inputs, { owned, describe, channelWindow })),
    };
  },
});

/** Computes the descriptors of an image. */
type Describe = (
  gpu: Gpu,
  inputs: SimilarityInputs,
  image: "fixed" | "moving",
) => MindDescriptors;

/** Prepares all channels, one after another, and their mean. */
function prepareChannels(
  gpu: Gpu,
  inputs: SimilarityInputs,
  { owned, describe, channelWindow }: {
    readonly owned: Owned;
    readonly describe: Describe;
    readonly channelWindow: number;
  },
): PreparedSimilarity {
  const count = controlPoints(inputs.geometry);
  const sums = (label: string): DissimilarityBuffers => ({
    gradient: owned.add(gpu.buffer(`gradient of ${label}`, 16 * count)),
    scalars: owned.add(gpu.buffer(`scalars of ${label}`, 32)),
  });
  const sigma: Triple = [channelWindow, channelWindow, channelWindow];
  const dispatches: Dispatch[] = [];
  Owned.during((temporary) => {
    const fixed = temporary.add(describe(gpu, inputs, "fixed"));
    const moving = temporary.add(describe(gpu, inputs, "moving"));
    const shared: Shared = {
      sigma,
      between: intensityScratch(gpu, inputs, owned),
      windows: localCorrelationScratch(gpu, { geometry: inputs.geometry, sigma }, owned),
    };
    const { columns, dispatches: expansion } = columnsOf(gpu, inputs, { owned });
    dispatches.push(...expansion);
    const last = sums("a channel");
    const soFar = [sums("channels, even"), sums("channels, odd")];
    for (let channel = 0; channel < CHANNELS; channel++) {
      const { gradient, scalars } = channel === 0 ? soFar[0] : last;
      const own = { ...inputs, columns, gradient, scalars };
      const images = { fixed, moving, channel };
      dispatches.push(...owned.add(prepareChannel(gpu, own, images, shared)).dispatches);
      if (channel === 0) continue;
      const isLast = channel === CHANNELS - 1;
      const weight = isLast ? 1 / CHANNELS : 1;
      dispatches.push(owned.add(prepareWeightedSum(gpu, {
        first: soFar[(channel - 1) % 2],
        second: last,
        weights: [weight, weight],
        count,
        sum: isLast ? inputs : soFar[channel % 2],
      })));
    }
  });
  return { dispatches, destroy: () => owned.destroy() };
}

/** The window, and buffers that all channels use. */
interface Shared {
  /** Standard deviations of the window, voxels. */
  readonly sigma: Triple;
  readonly between: IntensityScratch;
  readonly windows: LocalCorrelationScratch;
}

/** Prepares the local correlation of one channel. */
function prepareChannel(
  gpu: Gpu,
  inputs: SimilarityInputs,
  { fixed, moving, channel }: {
    readonly fixed: MindDescriptors;
    readonly moving: MindDescriptors;
    readonly channel: number;
  },
  { sigma, between, windows }: Shared,
): PreparedSimilarity {
  return Owned.during((temporary) => {
    const fixedChannel = temporary.add(mindChannelImage(gpu, fixed, channel));
    const movingChannel = temporary.add(mindChannelImage(gpu, moving, channel));
    // Voxels outside a mask have no descriptor.
    return prepareIntensitySimilarity(gpu, {
      inputs: { ...inputs, fixed: fixedChannel, moving: movingChannel, movingMask: undefined },
      movingRange: ENTRIES,
      scratch: between,
      prepareResidual: ({ warped, residual }) =>
        prepareLocalCorrelation(gpu, {
          geometry: inputs.geometry,
          fixed: fixedChannel,
          fixedRange: ENTRIES,
          mask: undefined,
          warped,
          residual,
          scalars: inputs.scalars,
          sigma,
          movingTop: ENTRIES.bins - 1,
          scratch: windows,
        }),
    });
  });
}
