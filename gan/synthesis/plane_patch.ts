/**
 * Patches of the planes of a volume on the host, and their brightness.
 *
 * @module
 */

import type { PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";

/** Value of the background, and of positions outside a volume that is smaller than a patch. */
export const BACKGROUND = -1;

/** Finds the first column, row and slice of the patch in the middle of a stack. */
export function middleOf({ extent }: PlaneStack, size: Triple): Triple {
  return extent.map((count, i) => (count - size[i]) >> 1) as unknown as Triple;
}

/** Reads a patch plane by plane: [channels, rows, columns], columns fastest. */
export function readPatch(
  data: Float32Array,
  stack: PlaneStack,
  [column, row, slice]: Triple,
  [columns, rows, channels]: Triple,
): Float32Array {
  const width = stack.extent[0];
  const lines = new Float32Array(width * rows);
  const patch = new Float32Array(columns * rows * channels);
  for (let c = 0; c < channels; c++) {
    stack.read(data, { slice: slice + c, begin: row, end: row + rows }, BACKGROUND, lines);
    for (let y = 0; y < rows; y++) {
      const line = lines.subarray(y * width + column, y * width + column + columns);
      patch.set(line, (c * rows + y) * columns);
    }
  }
  return patch;
}

/** Computes the mean of a patch minus the background. */
export function meanAboveBackground(patch: Float32Array): number {
  let sum = 0;
  for (let i = 0; i < patch.length; i++) sum += patch[i] - BACKGROUND;
  return sum / patch.length;
}

/** Options of {@link cropped}. */
export interface CropOptions {
  /** Rows and columns of the sample. */
  readonly load: number;
  /** Rows and columns of the patch. */
  readonly crop: number;
  /** Number of slices. */
  readonly channels: number;
  /** First column of the patch in the sample. */
  readonly column: number;
  /** First row of the patch in the sample. */
  readonly row: number;
  /** True if the patch is mirrored left to right. */
  readonly isMirrored: boolean;
}

/** Crops a sample as {@link readPatch} returns it to a patch, and moves its channels to the fastest axis. */
export function cropped(
  sample: Float32Array,
  { load, crop, channels, column, row, isMirrored }: CropOptions,
): Float32Array<ArrayBuffer> {
  const result = new Float32Array(crop * crop * channels);
  for (let c = 0; c < channels; c++) {
    for (let y = 0; y < crop; y++) {
      const line = (c * load + row + y) * load + column;
      for (let x = 0; x < crop; x++) {
        const from = isMirrored ? crop - 1 - x : x;
        result[(y * crop + x) * channels + c] = sample[line + from];
      }
    }
  }
  return result;
}
