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

import type { ControlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import {
  channelWindowBytes,
  prepareChannelCorrelation,
} from "../../kernels/mind/channel_correlation.ts";
import { channelWindow } from "../../kernels/mind/channel_window.ts";
import { mindDescriptors } from "../../kernels/mind/descriptor.ts";
import { rowsPerSample, type SampledRows } from "../../kernels/mind/sampled_rows.ts";
import { columnsOf } from "./columns.ts";
import { BITS, descriptorBytes, intensityScale, type MindSscOptions, SSC_OPTIONS } from "./mind.ts";
import { declareSimilarity, type SimilarityKind } from "./similarity.ts";

/** Options of the local correlation of MIND. */
export interface LnccMindOptions extends MindSscOptions {
  /**
   * Local correlation of MIND: standard deviation of the window, voxels of the level, so that the window in mm becomes
   * smaller from level to level. Default 2.
   */
  readonly channelWindow?: number | undefined;
}

const NEIGHBOURHOOD = "six";

/** Three times the usual curvature, as lambda is three times that of NMI+MIND (docs/performance.md). */
const CURVATURE = 3e-4;

/** Larger than the usual tolerance: E falls by more, and the last steps move little (docs/performance.md). */
const TOLERANCE = 2e-4;

/**
 * Small windows need a start that is near: fine images have control points at the coarser levels as dense as those of
 * coarse images (docs/performance.md).
 */
const COARSE_STRIDE = 8;

/** Levels with fewer voxels compare all of them: they cost little. */
const MIN_VOXELS = 2 ** 21;
/** Voxels per control point that are compared at least, unless there are fewer. */
const MIN_SAMPLES = 400;

/**
 * The rows of the blocks that a level compares: large levels with many voxels per control point need not compare all.
 * With control points every 20 mm these are finest levels with voxels of about 2 mm or less (docs/performance.md).
 */
export function sampledRowsOf({ image, stride }: ControlGridGeometry, sigma: number): SampledRows {
  if (image[0] * image[1] * image[2] < MIN_VOXELS) return "all";
  const { width } = channelWindow(sigma);
  const samples = stride[0] * stride[1] * stride[2] / rowsPerSample("alternate", width);
  return samples >= MIN_SAMPLES ? "alternate" : "all";
}

/** Bytes per voxel of the scratch memory of descriptors, which is freed before the first evaluation. */
const DESCRIPTOR_SCRATCH_BYTES = 4 * 4 + 16;

/**
 * E = 1 - the mean over windows and channels of cc, the local correlation of a channel of both images: from 0 (equal)
 * to 2. A channel has one meaning in all modalities, so that the sign of cc counts.
 */
export const LNCC_MIND: SimilarityKind = declareSimilarity<LnccMindOptions>({
  name: "lncc-mind",
  description: "local correlation of the six channels of MIND: the smallest errors",
  lambda: { l2: 0.3, tv: 0.15, bending: 100 },
  coarseStride: COARSE_STRIDE,
  options: {
    ...SSC_OPTIONS,
    channelWindow: {
      type: "number",
      default: 2,
      min: 1,
      unit: "voxels",
      help: "standard deviation of the window, in voxels of the level",
    },
  },
  create: ({ sigma, fineDescriptors, channelWindow: window, fixedRange, movingRange }) => {
    const bits = fineDescriptors ? BITS.fine : BITS.coarse;
    const bytesOfDescriptors = descriptorBytes({ neighbourhood: NEIGHBOURHOOD, fineDescriptors });
    return {
      name: "lncc-mind",
      parameters: { sigma, channelWindow: window, descriptorBits: bits },
      // Both descriptors, and the scratch memory of the second one or the sums of the windows.
      bytesPerVoxel: 2 * bytesOfDescriptors +
        Math.max(DESCRIPTOR_SCRATCH_BYTES, channelWindowBytes(NEIGHBOURHOOD, window)),
      curvature: CURVATURE,
      tolerance: TOLERANCE,
      needsPatches: true,
      prepare: (gpu, inputs) =>
        Owned.build((owned) => {
          const describe = (image: "fixed" | "moving") =>
            owned.add(mindDescriptors(gpu, {
              source: inputs[image],
              mask: inputs[`${image}Mask`],
              neighbourhood: NEIGHBOURHOOD,
              sigma,
              scale: intensityScale(image === "fixed" ? fixedRange : movingRange),
              bits,
            }));
          const fixed = describe("fixed");
          const moving = describe("moving");
          const { columns, dispatches: expansion } = columnsOf(gpu, inputs, {
            owned,
            bytesPerVoxel: bytesOfDescriptors,
          });
          const { geometry, origin, perVoxel, gradient, scalars } = inputs;
          const { dispatches } = owned.add(prepareChannelCorrelation(gpu, {
            geometry,
            columns,
            fixed,
            moving,
            sigma: window,
            sampled: sampledRowsOf(geometry, window),
            origin,
            perVoxel,
            gradient,
            scalars,
          }));
          return { dispatches: [...expansion, ...dispatches], destroy: () => owned.destroy() };
        }),
    };
  },
});
