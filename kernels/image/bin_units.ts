/**
 * Bin units: intensities scaled so that the centres of equally spaced bins are whole numbers.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { BufferRange, Gpu, Kernel } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** An intensity window that is divided into bins. */
export interface BinRange {
  /** Intensity of the first bin's centre; lower intensities belong to this bin. */
  readonly low: number;
  /** Intensity of the last bin's centre; higher intensities belong to this bin. */
  readonly high: number;
  /** Number of bins, 2 to 254. */
  readonly bins: number;
}

/** The largest number of bins: their indices are bytes, and 255 marks a voxel without value. */
export const MAX_BINS = 254;

/** Options of {@link recordBinning}. */
export interface BinningOptions {
  /** A kernel whose code begins with `BIN_UNITS` and whose result is at binding 3. */
  readonly kernel: Kernel;
  /** The image; `NO_VALUE` where it has no value. */
  readonly source: GpuImage;
  /** The bins. */
  readonly range: BinRange;
  /** 1 inside, 0 outside, on the grid of the image. Default: all voxels are inside. */
  readonly mask?: GpuImage | undefined;
  /** The part of the result that belongs to planes [begin, end). */
  readonly destination: (begin: number, end: number) => BufferRange;
}

/**
 * Records a kernel that converts an image to bin units, in slabs of whole planes.
 *
 * @throws {RangeError} when the number of bins is out of range.
 */
export function recordBinning(gpu: Gpu, recorder: Recorder, options: BinningOptions): void {
  const { kernel, source, range, mask, destination } = options;
  if (!(range.bins >= 2 && range.bins <= MAX_BINS)) {
    throw new RangeError(`\`bins\` must be 2 to ${MAX_BINS}, got ${range.bins}`);
  }
  const quads = source.pitch / 4;
  const [nx, ny] = source.size;
  const workgroup = rowWorkgroup(quads);
  for (const { begin, end } of imageSlabs(gpu, source.size, { withBytes: true })) {
    const size: Triple = [nx, ny, end - begin];
    recorder.dispatch(kernel, {
      parameters: {
        size,
        quads,
        low: range.low,
        binsPerUnit: binsPerUnit(range),
        bins: range.bins,
        masked: mask !== undefined,
      },
      buffers: [
        planesOf(source, begin, end),
        planesOf(mask ?? source, begin, end),
        destination(begin, end),
      ],
      constants: workgroup,
      workgroups: [Math.ceil(quads / workgroup.wx), Math.ceil(ny / workgroup.wy), end - begin],
    });
  }
}

/** Bins per unit of intensity; 0 for an empty window. */
function binsPerUnit({ low, high, bins }: BinRange): number {
  return high > low ? (bins - 1) / (high - low) : 0;
}

/** The plain twin: intensities in bin units; `NO_VALUE` where the image has no value. */
export function binIntensitiesReference(data: Float32Array, range: BinRange): Float32Array {
  const scale = binsPerUnit(range);
  return data.map((intensity) =>
    hasValue(intensity)
      ? Math.min(Math.max((intensity - range.low) * scale, 0), range.bins - 1)
      : NO_VALUE
  );
}
