/**
 * The moving image in the form that the control-grid warp reads: intensities in bin units as 16-bit
 * values, each word holding a voxel and its neighbour along x.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { hasValue } from "../gpu/no_value.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { type BinRange, recordBinning } from "../image/bin_units.ts";
import { NO_PAIR_VALUE, VOXEL_PAIRS } from "./voxel_pairs.wgsl.ts";

/** Options of {@link recordVoxelPairs}. */
export interface VoxelPairsOptions {
  /** The image; `NO_VALUE` where it has no value. */
  readonly source: GpuImage;
  /** The bins whose units the 16-bit values divide. */
  readonly range: BinRange;
  /** 1 inside, 0 outside, on the grid of the image. Default: all voxels are inside. */
  readonly mask?: GpuImage | undefined;
  /** Receives the pairs; another image than `source`, of its size. */
  readonly pairs: GpuImage;
}

/**
 * Records the conversion of an image to pairs: bin units in `[0, bins - 1]`, in steps of {@link binStep}.
 *
 * @throws {RangeError} when the number of bins is out of range.
 */
export function recordVoxelPairs(
  gpu: Gpu,
  recorder: Recorder,
  { source, range, mask, pairs }: VoxelPairsOptions,
): void {
  recordBinning(gpu, recorder, {
    kernel: VOXEL_PAIRS,
    source,
    range,
    mask,
    destination: (begin, end) => planesOf(pairs, begin, end),
  });
}

/** Bin units per unit of the 16-bit values. */
export function binStep(bins: number): number {
  return (bins - 1) / (NO_PAIR_VALUE - 1);
}

/**
 * The plain twin, from an image in bin units (or any unit of which the 16-bit values are multiples of
 * `step`). A word has the voxel's value in its low half and its neighbour's along x in its high half;
 * 65535 where the image has no value. Rows are not padded.
 */
export function voxelPairsReference(size: Triple, data: Float32Array, step: number): Int32Array {
  const value = (i: number) =>
    hasValue(data[i])
      ? Math.min(Math.max(Math.round(data[i] / step), 0), NO_PAIR_VALUE - 1)
      : NO_PAIR_VALUE;
  return Int32Array.from(
    data,
    (_, i) => value(i) | value(i % size[0] + 1 < size[0] ? i + 1 : i) << 16,
  );
}
