/**
 * The joint intensity histogram of a fixed and a warped moving image: 100 equally spaced bins between
 * two percentiles (section 3.2). A voxel is counted at the nearest fixed bin and linearly at the two
 * nearest moving bins, so that the histogram is a continuous function of the displacement.
 *
 * @module
 */

import { type ControlGridGeometry, controlGridSlabs } from "../control_grid/control_grid.ts";

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import { hasValue } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import { type BinRange, recordBinning } from "../image/bin_units.ts";
import { COUNT_JOINT, FIXED_BINS, NO_BIN, SUM_JOINT } from "./joint_histogram.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";

export { binIntensitiesOnHost, type BinRange } from "../image/bin_units.ts";

/** Workgroups that count, each into a copy of its own. */
const COPIES = 32;

/** Options of {@link recordFixedBins}. */
export interface FixedBinsOptions {
  /** The fixed image; `NO_VALUE` where it has no value. */
  readonly source: GpuImage;
  /** The bins. */
  readonly range: BinRange;
  /** 1 inside, 0 outside, on the grid of the image. Default: all voxels are inside. */
  readonly mask?: GpuImage | undefined;
  /** Receives the bins, a byte per voxel (255 where it does not count); rows are padded as in the image. */
  readonly bins: GpuBuffer;
}

/**
 * Records the conversion of the fixed image to bins.
 *
 * @throws {RangeError} when the number of bins is out of range.
 */
export function recordFixedBins(
  gpu: Gpu,
  recorder: Recorder,
  { source, range, mask, bins }: FixedBinsOptions,
): void {
  const planeBytes = source.pitch * source.size[1];
  recordBinning(gpu, recorder, {
    kernel: FIXED_BINS,
    source,
    range,
    mask,
    destination: (begin, end) => ({
      buffer: bins,
      offset: begin * planeBytes,
      bytes: (end - begin) * planeBytes,
    }),
  });
}

/** Bytes of the fixed image's bins. */
export function fixedBinBytes(size: readonly [number, number, number]): number {
  return rowPitch(size[0]) * size[1] * size[2];
}

/** Options of {@link prepareJointHistogram}. */
export interface JointHistogramOptions {
  /** The control grid on the dense image, which determines the slabs. */
  readonly geometry: ControlGridGeometry;
  /** Bins along each axis. */
  readonly bins: number;
  /** The fixed image's bins, from {@link recordFixedBins}. */
  readonly fixedBins: GpuBuffer;
  /** The warped moving image in bin units. */
  readonly warped: GpuImage;
  /** Receives the counts in voxels, f32, at `fixed * bins + moving`. */
  readonly histogram: GpuBuffer;
}

/** Prepares the joint histogram of an iteration. */
export function prepareJointHistogram(gpu: Gpu, options: JointHistogramOptions): Prepared {
  const { geometry, bins, fixedBins, warped, histogram } = options;
  return Owned.build((owned) => {
    const cells = bins * bins;
    const copies = owned.add(gpu.buffer("joint histogram copies", 4 * cells * COPIES));
    const rowBytes = rowPitch(geometry.image[0]) * geometry.image[1];
    // The largest power of two for which no copy can overflow, even if all its voxels are in one cell.
    const voxels = Math.ceil(rowBytes * geometry.image[2] / (4 * 64 * COPIES)) * 4 * 64 + 1024;
    const countsPerVoxel = 2 ** Math.min(16, Math.floor(Math.log2(2 ** 32 / voxels)));
    const dispatches = controlGridSlabs(gpu, geometry).map(({ begin, end }) => {
      const bytes = (end - begin) * rowBytes;
      return owned.add(gpu.prepare(COUNT_JOINT, {
        parameters: { quads: bytes / 4, bins, countsPerVoxel, stride: 64 * COPIES },
        buffers: [
          { buffer: fixedBins, offset: begin * rowBytes, bytes },
          planesOf(warped, begin, end),
          copies,
        ],
        workgroups: [COPIES],
      }));
    });
    dispatches.push(owned.add(gpu.prepare(SUM_JOINT, {
      parameters: { cells, copies: COPIES, countsPerVoxel },
      buffers: [copies, histogram],
      workgroups: [Math.ceil(cells / 64)],
    })));
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** The count on the processor, for scores and as the plain twin: `fixed` holds whole bins (255: does not count), `warped` bin units. */
export function jointHistogramOnHost(
  fixed: Uint8Array,
  warped: Float32Array,
  bins: number,
): Float64Array {
  const histogram = new Float64Array(bins * bins);
  for (let i = 0; i < fixed.length; i++) {
    if (fixed[i] === NO_BIN || !hasValue(warped[i])) continue;
    const lower = Math.min(Math.floor(warped[i]), bins - 2);
    histogram[fixed[i] * bins + lower] += 1 - (warped[i] - lower);
    histogram[fixed[i] * bins + lower + 1] += warped[i] - lower;
  }
  return histogram;
}
