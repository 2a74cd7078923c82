/**
 * The histogram of logarithms that N4 sharpens: equally spaced bins from the minimum to the maximum; each
 * voxel is shared linearly by the two nearest bins (a triangular Parzen window).
 *
 * @module
 */

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { COUNT_LOGARITHMS, SUM_LOGARITHMS } from "./histogram.wgsl.ts";
import { hasValue } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs, type Slab } from "../gpu/slabs.ts";

/** Number of workgroups that count, each into its own copy of the counters. */
const COPIES = 32;

/** Options of {@link prepareLogHistogram}. */
export interface LogHistogramOptions {
  /** Logarithms; `NO_VALUE` at voxels that do not count and in the padding of rows. */
  readonly logarithms: GpuImage;
  /** Number of bins, at least 2. */
  readonly bins: number;
  /** A report whose minimum and maximum are the logarithms of the first and last bin; receives the histogram. */
  readonly report: GpuBuffer;
}

/** Prepares the histogram of an iteration; it can be run again without a reset. */
export function prepareLogHistogram(gpu: Gpu, options: LogHistogramOptions): Prepared {
  const { logarithms, bins, report } = options;
  return Owned.build((owned) => {
    const copies = owned.add(gpu.buffer("N4 histogram copies", 4 * bins * COPIES));
    const cut = imageSlabs(gpu, logarithms.size);
    const quadsOf = ({ begin, end }: Slab) =>
      (end - begin) * logarithms.size[1] * logarithms.pitch / 4;
    // The largest whole weight with which no copy can overflow, even if all its voxels are in one bin.
    const voxels = cut.reduce((sum, slab) => {
      return sum + 256 * Math.ceil(quadsOf(slab) / (64 * COPIES));
    }, 0);
    const countsPerVoxel = 2 ** Math.min(16, Math.floor(Math.log2((2 ** 32 - 1) / voxels)));
    const dispatches = cut.map((slab) =>
      owned.add(gpu.prepare(COUNT_LOGARITHMS, {
        parameters: { quads: quadsOf(slab), bins, countsPerVoxel, stride: 64 * COPIES },
        buffers: [planesOf(logarithms, slab.begin, slab.end), report, copies],
        workgroups: [COPIES],
      }))
    );
    dispatches.push(owned.add(gpu.prepare(SUM_LOGARITHMS, {
      parameters: { bins, copies: COPIES, countsPerVoxel },
      buffers: [copies, report],
      workgroups: [Math.ceil(bins / 64)],
    })));
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** The plain twin: number of voxels in each bin, from `minimum` to `maximum`. */
export function logHistogramReference(
  logarithms: ArrayLike<number>,
  { minimum, maximum, bins }: {
    readonly minimum: number;
    readonly maximum: number;
    readonly bins: number;
  },
): Float64Array {
  const histogram = new Float64Array(bins);
  const scale = maximum > minimum ? (bins - 1) / (maximum - minimum) : 0;
  for (let i = 0; i < logarithms.length; i++) {
    if (!hasValue(logarithms[i])) continue;
    const position = Math.min(Math.max((logarithms[i] - minimum) * scale, 0), bins - 1);
    const lower = Math.min(Math.floor(position), bins - 2);
    histogram[lower] += 1 - (position - lower);
    histogram[lower + 1] += position - lower;
  }
  return histogram;
}
