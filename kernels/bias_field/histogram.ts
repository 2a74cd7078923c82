/**
 * The histogram of logarithms that N4 sharpens: equally spaced bins from the least to the greatest, a
 * voxel shared linearly by the two nearest (a triangular Parzen window).
 *
 * @module
 */

import { f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { COUNT_LOGARITHMS, SUM_LOGARITHMS } from "./histogram.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs } from "../gpu/slabs.ts";

/** Workgroups that count, each into a copy of its own. */
const COPIES = 32;

/** Options of {@link prepareLogHistogram}. */
export interface LogHistogramOptions {
  /** Logarithms, `NO_LOGARITHM` where a voxel does not count, in the padding of rows too. */
  readonly logarithms: GpuImage;
  /** Number of bins, at least 2. */
  readonly bins: number;
  /** Its f32 0 and 1 are the first and the last bin's logarithm; those from `REPORT_HEADER` on receive voxels. */
  readonly report: GpuBuffer;
}

/** Prepares the histogram of an iteration. */
export function prepareLogHistogram(gpu: Gpu, options: LogHistogramOptions): Prepared {
  const { logarithms, bins, report } = options;
  const copies = gpu.buffer("n4 histogram copies", 4 * bins * COPIES);
  const cut = imageSlabs(gpu, logarithms.size);
  const quads = ({ begin, end }: { begin: number; end: number }) =>
    (end - begin) * logarithms.size[1] * logarithms.pitch / 4;
  // The largest whole weight for which no copy can overflow, were all its voxels alike.
  const voxels = cut.reduce((sum, s) => sum + 256 * Math.ceil(quads(s) / (64 * COPIES)), 0);
  const one = 2 ** Math.min(16, Math.floor(Math.log2((2 ** 32 - 1) / voxels)));
  const dispatches = cut.map((slab) =>
    gpu.prepare(COUNT_LOGARITHMS, {
      parameters: [u32(quads(slab)), u32(bins), f32(one), u32(64 * COPIES)],
      buffers: [planesOf(logarithms, slab.begin, slab.end), report, copies],
      workgroups: [COPIES],
    })
  );
  dispatches.push(gpu.prepare(SUM_LOGARITHMS, {
    parameters: [u32(bins), u32(COPIES), f32(one), u32(0)],
    buffers: [copies, report],
    workgroups: [Math.ceil(bins / 64)],
  }));
  return {
    dispatches,
    destroy: () => [...dispatches, copies].forEach((resource) => resource.destroy()),
  };
}

/** The plain twin: voxels in each bin between `minimum` and `maximum`. */
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
    if (logarithms[i] < -1e20) continue;
    const position = Math.min(Math.max((logarithms[i] - minimum) * scale, 0), bins - 1);
    const lower = Math.min(Math.floor(position), bins - 2);
    histogram[lower] += 1 - (position - lower);
    histogram[lower + 1] += position - lower;
  }
  return histogram;
}
