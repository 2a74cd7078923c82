/**
 * Mean intensities of all patches of a volume, by sums over rectangles of its planes.
 *
 * @module
 */

import type { PlaneStack } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import { BACKGROUND } from "./plane_patch.ts";

/** Sums of a stack of planes, from which the mean of a patch follows by four values per plane. */
export class PatchMeans {
  readonly #size: Triple;
  readonly #width: number;
  /** For each plane, the sums over the rectangles from the first pixel on, with a row and a column of zeros ahead. */
  readonly #sums: Float64Array[];

  /**
   * Reads a volume.
   *
   * @param image - Voxels, x fastest.
   * @param stack - Planes of the volume.
   * @param size - Columns, rows and slices of a patch.
   */
  constructor(image: Float32Array, stack: PlaneStack, size: Triple) {
    const [columns, rows, slices] = stack.extent;
    this.#size = size;
    this.#width = columns + 1;
    const plane = new Float32Array(columns * rows);
    this.#sums = Array.from({ length: slices }, (_, slice) => {
      stack.read(image, { slice, begin: 0, end: rows }, BACKGROUND, plane);
      return this.#sumsOf(plane, columns, rows);
    });
  }

  #sumsOf(plane: Float32Array, columns: number, rows: number): Float64Array {
    const width = this.#width;
    const sums = new Float64Array(width * (rows + 1));
    for (let y = 0; y < rows; y++) {
      let row = 0;
      for (let x = 0; x < columns; x++) {
        row += plane[y * columns + x] - BACKGROUND;
        sums[(y + 1) * width + x + 1] = sums[y * width + x + 1] + row;
      }
    }
    return sums;
  }

  /** Returns the mean minus the background of the patch that begins at this column, row and slice. */
  aboveBackground([column, row, slice]: Triple): number {
    const [columns, rows, slices] = this.#size;
    const first = row * this.#width + column;
    const last = (row + rows) * this.#width + column;
    let sum = 0;
    for (let i = slice; i < slice + slices; i++) {
      const sums = this.#sums[i];
      sum += sums[last + columns] - sums[last] - sums[first + columns] + sums[first];
    }
    return sum / (columns * rows * slices);
  }
}
