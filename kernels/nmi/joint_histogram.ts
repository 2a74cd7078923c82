/**
 * The joint intensity histogram of a fixed and a warped moving image: 100 equally spaced bins between
 * two percentiles (section 3.2), a voxel counted at the nearest fixed bin and linearly at the two
 * nearest moving bins, so that the histogram follows a displacement smoothly.
 *
 * @module
 */

import { controlGridSlabs } from "../control_grid/control_grid.ts";
import type { ControlGridGeometry } from "../control_grid/control_grid.ts";

import { f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import {
  BIN_INTENSITIES,
  COUNT_JOINT,
  NO_BIN,
  NO_VALUE,
  SUM_JOINT,
} from "./joint_histogram.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Workgroups that count, each into a copy of its own. */
const COPIES = 32;

/** An intensity window that bins divide. */
export interface BinRange {
  /** Intensity of the first bin's centre (and below). */
  readonly low: number;
  /** Intensity of the last bin's centre (and above). */
  readonly high: number;
  /** Number of bins, 2 to 254. */
  readonly bins: number;
}

function binParameters(image: GpuImage, range: BinRange, planes: number, masked: boolean) {
  const scale = range.high > range.low ? (range.bins - 1) / (range.high - range.low) : 0;
  return [
    ...[image.size[0], image.size[1], planes, image.pitch / 4].map(u32),
    ...[range.low, scale, range.bins].map(f32),
    u32(masked ? 1 : 0),
  ];
}

/** Records the binning of an image, whole planes at a time. */
function recordBinning(
  gpu: Gpu,
  recorder: Recorder,
  source: GpuImage,
  range: BinRange,
  mask: GpuImage | undefined,
  destination: { pairs?: GpuImage | undefined; bytes?: GpuBuffer | undefined },
): void {
  if (!(range.bins >= 2 && range.bins < NO_BIN)) {
    throw new RangeError(`\`bins\` must be 2 to ${NO_BIN - 1}, got ${range.bins}`);
  }
  const quads = source.pitch / 4;
  const [, ny] = source.size;
  const workgroup = rowWorkgroup(quads);
  const unused = recorder.temporary(gpu.buffer("unused", 16));
  for (const { begin, end } of imageSlabs(gpu, source.size, { withBytes: true })) {
    const planeBytes = source.pitch * ny;
    recorder.dispatch(BIN_INTENSITIES, {
      parameters: binParameters(source, range, end - begin, mask !== undefined),
      buffers: [
        planesOf(source, begin, end),
        mask === undefined ? planesOf(source, begin, end) : planesOf(mask, begin, end),
        destination.pairs === undefined ? unused : planesOf(destination.pairs, begin, end),
        destination.bytes === undefined ? unused : {
          buffer: destination.bytes,
          offset: begin * planeBytes,
          bytes: (end - begin) * planeBytes,
        },
      ],
      constants: { ...workgroup, toBytes: destination.bytes === undefined ? 0 : 1 },
      workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), end - begin],
    });
  }
}

/**
 * Records the moving image as pairs for the control-grid warp: bin units in 16 bits, `[0, bins - 1]` in
 * steps of {@link binStep}, no value where it or the mask (1 inside, 0 outside) has none.
 * `destination` may not be `source`.
 */
export function recordMovingBins(
  gpu: Gpu,
  recorder: Recorder,
  source: GpuImage,
  range: BinRange,
  destination: GpuImage,
  mask?: GpuImage,
): void {
  recordBinning(gpu, recorder, source, range, mask, { pairs: destination });
}

/** Bin units of one step of the 16-bit values. */
export function binStep(bins: number): number {
  return (bins - 1) / (NO_VALUE - 1);
}

/** Records the fixed image's bins, a byte a voxel (255 where it does not count), rows padded as in the image. */
export function recordFixedBins(
  gpu: Gpu,
  recorder: Recorder,
  source: GpuImage,
  range: BinRange,
  destination: GpuBuffer,
  mask?: GpuImage,
): void {
  recordBinning(gpu, recorder, source, range, mask, { bytes: destination });
}

/** Bytes of the fixed image's bins. */
export function fixedBinBytes(size: readonly [number, number, number]): number {
  return rowPitch(size[0]) * size[1] * size[2];
}

/** Options of {@link prepareJointHistogram}. */
export interface JointHistogramOptions {
  /** The dense image's geometry (for its slabs). */
  readonly geometry: ControlGridGeometry;
  /** Bins along each axis. */
  readonly bins: number;
  /** The fixed image's bins, from {@link recordFixedBins}. */
  readonly fixedBins: GpuBuffer;
  /** The warped moving image in bin units. */
  readonly warped: GpuImage;
  /** Receives the counts in voxels, `fixed * bins + moving`, f32. */
  readonly histogram: GpuBuffer;
}

/** Prepares the joint histogram of an iteration. */
export function prepareJointHistogram(gpu: Gpu, options: JointHistogramOptions): Prepared {
  const { geometry, bins, fixedBins, warped, histogram } = options;
  const cells = bins * bins;
  const copies = gpu.buffer("joint histogram copies", 4 * cells * COPIES);
  const rowBytes = rowPitch(geometry.image[0]) * geometry.image[1];
  // The largest whole weight for which no copy can overflow, were all its voxels alike.
  const voxels = Math.ceil(rowBytes * geometry.image[2] / (4 * 64 * COPIES)) * 4 * 64 + 1024;
  const one = 2 ** Math.min(16, Math.floor(Math.log2(2 ** 32 / voxels)));
  const dispatches = controlGridSlabs(gpu, geometry).map(({ begin, end }) => {
    const bytes = (end - begin) * rowBytes;
    return gpu.prepare(COUNT_JOINT, {
      parameters: [u32(bytes / 4), u32(bins), f32(one), u32(64 * COPIES)],
      buffers: [
        { buffer: fixedBins, offset: begin * rowBytes, bytes },
        planesOf(warped, begin, end),
        copies,
      ],
      workgroups: [COPIES],
    });
  });
  dispatches.push(gpu.prepare(SUM_JOINT, {
    parameters: [u32(cells), u32(COPIES), f32(one), u32(0)],
    buffers: [copies, histogram],
    workgroups: [Math.ceil(cells / 64)],
  }));
  return {
    dispatches,
    destroy: () => {
      dispatches.forEach((dispatch) => dispatch.destroy());
      copies.destroy();
    },
  };
}

/** The binning on the processor, for scores and as the plain twin: bin units, `OUTSIDE` where the intensity is. */
export function binIntensitiesOnHost(data: Float32Array, range: BinRange): Float32Array {
  const scale = range.high > range.low ? (range.bins - 1) / (range.high - range.low) : 0;
  return data.map((intensity) =>
    intensity < -1e20
      ? -1e30
      : Math.min(Math.max((intensity - range.low) * scale, 0), range.bins - 1)
  );
}

/** The count on the processor, for scores and as the plain twin: `fixed` holds whole bins (255: does not count), `warped` bin units. */
export function jointHistogramOnHost(
  fixed: Uint8Array,
  warped: Float32Array,
  bins: number,
): Float64Array {
  const histogram = new Float64Array(bins * bins);
  for (let i = 0; i < fixed.length; i++) {
    if (fixed[i] === NO_BIN || warped[i] < -1e20) continue;
    const lower = Math.min(Math.floor(warped[i]), bins - 2);
    histogram[fixed[i] * bins + lower] += 1 - (warped[i] - lower);
    histogram[fixed[i] * bins + lower + 1] += warped[i] - lower;
  }
  return histogram;
}
