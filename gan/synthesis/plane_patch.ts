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
