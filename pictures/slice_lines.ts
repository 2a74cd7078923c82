/**
 * Slices whose columns and rows lie along axes of a volume, as nearly all do: their values are found line by line, in
 * a quarter of the time of single points.
 *
 * @module
 */

import type { Matrix4, Triple } from "../volume/affine.ts";

/** The voxel indices of a slice's pixels by column and row. */
export interface SliceLines {
  /** The axis of the volume along which the columns follow each other. */
  readonly columnAxis: number;
  /** The axis of the volume along which the rows follow each other. */
  readonly rowAxis: number;
  /** The axis through the slice. */
  readonly fixedAxis: number;
  /** Voxel index of each column along its axis. */
  readonly columns: Float32Array;
  /** Voxel index of each row along its axis. */
  readonly rows: Float32Array;
  /** Voxel index of all pixels along the axis through the slice. */
  readonly fixedIndex: number;
}

/**
 * The lines in another volume; undefined if its axes are not those of the lines' volume.
 *
 * @param matrix - From a voxel index of the lines' volume to that of the other one.
 */
export function mapLines(lines: SliceLines, matrix: Matrix4): SliceLines | undefined {
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      if (row !== column && matrix[4 * row + column] !== 0) return undefined;
    }
  }
  const { columnAxis, rowAxis, fixedAxis, columns, rows, fixedIndex } = lines;
  const mapped = (axis: number, index: number) => matrix[5 * axis] * index + matrix[4 * axis + 3];
  return {
    columnAxis,
    rowAxis,
    fixedAxis,
    columns: columns.map((index) => mapped(columnAxis, index)),
    rows: rows.map((index) => mapped(rowAxis, index)),
    fixedIndex: Math.fround(mapped(fixedAxis, fixedIndex)),
  };
}

/** The two voxels along an axis between which a point lies. */
interface Cell {
  /** Index of the first one. */
  readonly first: number;
  /** 1 if there is a second one, else 0. */
  readonly step: number;
  /** The weight of the second one. */
  readonly weight: number;
}

/** The cell of a voxel index among `n` voxels; undefined more than half a voxel outside. */
function cellAt(index: number, n: number): Cell | undefined {
  if (!(index >= -0.5 && index <= n - 0.5)) return undefined;
  const inside = Math.min(Math.max(index, 0), n - 1);
  const first = Math.floor(inside);
  return { first, step: first + 1 < n ? 1 : 0, weight: inside - first };
}

/** The trilinear values at the pixels, row by row. Pixels more than half a voxel outside the volume are NaN. */
export function sampleLines(
  size: Triple,
  data: ArrayLike<number>,
  { columnAxis, rowAxis, fixedAxis, columns, rows, fixedIndex }: SliceLines,
): Float32Array {
  const width = columns.length;
  const values = new Float32Array(width * rows.length).fill(NaN);
  const strides = [1, size[0], size[0] * size[1]];
  const through = cellAt(fixedIndex, size[fixedAxis]);
  if (through === undefined) return values;
  // Columns outside have the number -1.
  const firsts = new Int32Array(width).fill(-1);
  const steps = new Uint8Array(width);
  const weights = new Float64Array(width);
  columns.forEach((index, column) => {
    const cell = cellAt(index, size[columnAxis]);
    if (cell === undefined) return;
    firsts[column] = cell.first;
    steps[column] = cell.step;
    weights[column] = cell.weight;
  });
  const line = new Float64Array(size[columnAxis]);
  const along = strides[columnAxis];
  const far = through.step * strides[fixedAxis];
  const farWeight = through.weight;
  for (let row = 0; row < rows.length; row++) {
    const cell = cellAt(rows[row], size[rowAxis]);
    if (cell === undefined) continue;
    const down = cell.step * strides[rowAxis];
    const { weight } = cell;
    let at = through.first * strides[fixedAxis] + cell.first * strides[rowAxis];
    for (let k = 0; k < line.length; k++, at += along) {
      const near = data[at] + weight * (data[at + down] - data[at]);
      const beyond = data[at + far] + weight * (data[at + far + down] - data[at + far]);
      line[k] = near + farWeight * (beyond - near);
    }
    const start = row * width;
    for (let column = 0; column < width; column++) {
      const first = firsts[column];
      if (first < 0) continue;
      const value = line[first];
      values[start + column] = value + weights[column] * (line[first + steps[column]] - value);
    }
  }
  return values;
}
