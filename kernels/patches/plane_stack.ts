/**
 * A volume as a stack of planes: the voxel axes that run along the columns, the rows and the slices, and
 * their directions.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** A voxel axis and its direction. */
export interface WalkedAxis {
  /** The voxel axis: 0, 1, 2 for x, y, z. */
  readonly axis: 0 | 1 | 2;
  /** True if the direction is from the axis' last voxel to its first. */
  readonly reversed: boolean;
}

/** The voxel axes along which the columns, rows and slices of planes are numbered. */
export interface PlaneAxes {
  /** The axis from one column to the next. */
  readonly column: WalkedAxis;
  /** The axis from one row to the next, downward. */
  readonly row: WalkedAxis;
  /** The axis from one plane to the next. */
  readonly slice: WalkedAxis;
}

/**
 * The usual planes of a volume whose voxel axes run to the right, to the front and to the head: the
 * first row is the highest (coronal, sagittal) or the most anterior (axial). Volumes in another order need
 * axes of their own.
 */
export const PLANES: Readonly<Record<"axial" | "coronal" | "sagittal", PlaneAxes>> = {
  axial: {
    column: { axis: 0, reversed: false },
    row: { axis: 1, reversed: true },
    slice: { axis: 2, reversed: false },
  },
  coronal: {
    column: { axis: 0, reversed: false },
    row: { axis: 2, reversed: true },
    slice: { axis: 1, reversed: false },
  },
  sagittal: {
    column: { axis: 1, reversed: false },
    row: { axis: 2, reversed: true },
    slice: { axis: 0, reversed: false },
  },
};

/** Rows [begin, end) of a plane of a {@link PlaneStack}. */
export interface PlaneRows {
  /** Index of the plane. */
  readonly slice: number;
  /** First row. */
  readonly begin: number;
  /** One past the last row. */
  readonly end: number;
}

/**
 * A stack of planes, widened to a minimum extent: an axis that is shorter gets a margin on both sides.
 * Columns, rows and slices are counted from the first one of the margin.
 *
 * @example Usage
 * ```ts
 * import { PLANES, PlaneStack } from "./plane_stack.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const image = new Float32Array([1, 2, 3, 4]); // 2 x 1 x 2 voxels
 * const stack = new PlaneStack([2, 1, 2], PLANES.coronal, [4, 1, 1]);
 * const plane = new Float32Array(8);
 * stack.read(image, { slice: 0, begin: 0, end: 2 }, -1, plane);
 * assertEquals([...plane], [-1, 3, 4, -1, -1, 1, 2, -1]);
 * ```
 */
export class PlaneStack {
  /** Voxels along columns, rows and slices. */
  readonly voxels: Triple;
  /** Voxels along columns, rows and slices, margins included. */
  readonly extent: Triple;
  /** Columns, rows and slices before the first voxel. */
  readonly margin: Triple;
  #steps: Triple;
  #first: number;

  /**
   * @param size - Voxels along x, y, z.
   * @param axes - The axes of the planes.
   * @param min - Minimum numbers of columns, rows and slices. Default 1 each.
   * @throws {RangeError} when the axes are not x, y and z, each once.
   */
  constructor(size: Triple, axes: PlaneAxes, min: Triple = [1, 1, 1]) {
    const walked = [axes.column, axes.row, axes.slice];
    const named = walked.map(({ axis }) => axis);
    if ([...named].sort().join() !== "0,1,2") {
      throw new RangeError(
        "`axes` must name each of the voxel axes 0, 1 and 2 once, " +
          `got column ${named[0]}, row ${named[1]}, slice ${named[2]}`,
      );
    }
    const strides = [1, size[0], size[0] * size[1]];
    const triple = (of: (walk: WalkedAxis, i: number) => number) =>
      walked.map(of) as unknown as Triple;
    this.voxels = triple(({ axis }) => size[axis]);
    this.extent = triple((_, i) => Math.max(this.voxels[i], min[i]));
    this.margin = triple((_, i) => Math.floor((this.extent[i] - this.voxels[i]) / 2));
    this.#steps = triple(({ axis, reversed }) => reversed ? -strides[axis] : strides[axis]);
    this.#first = walked.reduce(
      (at, { axis, reversed }) => at + (reversed ? (size[axis] - 1) * strides[axis] : 0),
      0,
    );
  }

  /** The index of a voxel in the image; -1 in the margin. */
  voxel(column: number, row: number, slice: number): number {
    const { voxels, margin } = this;
    const [dx, dy, dz] = this.#steps;
    const x = column - margin[0];
    const y = row - margin[1];
    const z = slice - margin[2];
    const inside = x >= 0 && x < voxels[0] && y >= 0 && y < voxels[1] && z >= 0 && z < voxels[2];
    return inside ? this.#first + x * dx + y * dy + z * dz : -1;
  }

  /**
   * Copies rows of the image, `extent[0]` columns each, to the beginning of `values`; the margin becomes
   * `fill`.
   */
  read(image: Float32Array, rows: PlaneRows, fill: number, values: Float32Array): void {
    const width = this.extent[0];
    values.fill(fill, 0, width * (rows.end - rows.begin));
    this.#walk(rows, (from, to, count, step) => {
      for (let i = 0; i < count; i++) values[to + i] = image[from + i * step];
    });
  }

  /** Copies rows, in the layout of {@link PlaneStack.read}, into the image; the margin is skipped. */
  write(image: Float32Array, rows: PlaneRows, values: Float32Array): void {
    this.#walk(rows, (to, from, count, step) => {
      for (let i = 0; i < count; i++) image[to + i * step] = values[from + i];
    });
  }

  /**
   * Calls `each` for every row with the indices of its first voxel in the image and in the rows, its
   * number of voxels and the step in the image.
   */
  #walk(
    { slice, begin, end }: PlaneRows,
    each: (inImage: number, inRows: number, count: number, step: number) => void,
  ): void {
    const [width] = this.extent;
    const [left] = this.margin;
    for (let row = begin; row < end; row++) {
      const at = this.voxel(left, row, slice);
      if (at >= 0) each(at, (row - begin) * width + left, this.voxels[0], this.#steps[0]);
    }
  }
}
