/**
 * An image that is extended to the extent of a patch by repeating its outer voxels. A patch of a smaller image has a
 * margin of background otherwise, which a rule of air takes for air beside the body.
 *
 * @module
 */

import type { PlaneAxes } from "../../kernels/patches/plane_stack.ts";
import type { Triple } from "../../volume/affine.ts";
import { Grid } from "../../volume/grid.ts";

/** Extends images of one size. */
export class ExtendedImage {
  /** Voxels along x, y, z of the extended image. */
  readonly size: Triple;
  /** False if the images are as large as a patch already. */
  readonly isLarger: boolean;
  readonly #from: Triple;
  readonly #margin: Triple;

  /**
   * @param size - Voxels along x, y, z.
   * @param axes - The axes of the planes.
   * @param min - Minimum numbers of columns, rows and slices.
   */
  constructor(size: Triple, { column, row, slice }: PlaneAxes, min: Triple) {
    const extent = [...size];
    [column, row, slice].forEach(({ axis }, i) => extent[axis] = Math.max(size[axis], min[i]));
    this.size = extent as unknown as Triple;
    this.isLarger = extent.some((count, axis) => count > size[axis]);
    this.#from = size;
    this.#margin = extent.map((count, axis) => (count - size[axis]) >> 1) as unknown as Triple;
  }

  /** The values of an image with those of the nearest voxels around them, or another value there. */
  extend(data: Float32Array, outside?: number): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.size[0] * this.size[1] * this.size[2]);
    this.#each((at, from, isInside) =>
      result[at] = isInside || outside === undefined ? data[from] : outside
    );
    return result;
  }

  /** The values of the image itself. */
  cut(extended: Float32Array): Float32Array<ArrayBuffer> {
    const result = new Float32Array(this.#from[0] * this.#from[1] * this.#from[2]);
    this.#each((at, from, isInside) => {
      if (isInside) result[from] = extended[at];
    });
    return result;
  }

  /** The extended grid. */
  grid(grid: Grid): Grid {
    const affine = [...grid.affine];
    const origin = grid.world(this.#margin.map((count) => -count) as unknown as Triple);
    origin.forEach((value, row) => affine[4 * row + 3] = value);
    return new Grid(this.size, affine as unknown as Grid["affine"]);
  }

  #each(visit: (at: number, from: number, isInside: boolean) => void): void {
    const [nx, ny, nz] = this.#from;
    const [mx, my, mz] = this.#margin;
    const [width, height, depth] = this.size;
    const near = (value: number, count: number) => Math.min(count - 1, Math.max(0, value));
    for (let z = 0, at = 0; z < depth; z++) {
      const fromZ = near(z - mz, nz);
      for (let y = 0; y < height; y++) {
        const fromY = near(y - my, ny);
        for (let x = 0; x < width; x++, at++) {
          const fromX = near(x - mx, nx);
          const isInside = fromX === x - mx && fromY === y - my && fromZ === z - mz;
          visit(at, (fromZ * ny + fromY) * nx + fromX, isInside);
        }
      }
    }
  }
}
