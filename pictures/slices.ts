/**
 * Slices of volumes as radiologists view them: the patient's right on the left of the picture,
 * front or head up, millimetres square.
 *
 * @module
 */

import { type Matrix4, transformPoint, type Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import { nearestAxes } from "../volume/orientation.ts";
import type { LabelVolume } from "../volume/volume.ts";
import { mapLines, sampleLines, type SliceLines } from "./slice_lines.ts";

/** The three planes. */
export type Plane = "axial" | "coronal" | "sagittal";

/** For each plane, the RAS axis and direction of the picture's columns and rows. */
const AXES: Readonly<Record<Plane, { across: number; down: number; through: number }>> = {
  axial: { across: 0, down: 1, through: 2 },
  coronal: { across: 0, down: 2, through: 1 },
  sagittal: { across: 1, down: 2, through: 0 },
};

/** A slice's raster: the position of each of its pixels in the volume. */
export interface SliceRaster {
  /** The plane. */
  readonly plane: Plane;
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Voxel index of each pixel's centre, x, y, z. */
  readonly points: Float32Array;
  /** The same by column and row, where these lie along axes of the volume. Default: they do not. */
  readonly lines?: SliceLines | undefined;
}

/**
 * The raster of a slice through a world point, along the volume's own axes (each taken for the RAS axis
 * it is nearest to).
 *
 * @param pixel - Size of a pixel, mm.
 */
export function sliceRaster(grid: Grid, plane: Plane, centre: Triple, pixel: number): SliceRaster {
  const { across, down, through } = AXES[plane];
  const voxelAxis = nearestAxes(grid).map((step) => ({
    ...step,
    spacing: grid.spacing[step.axis],
  }));
  const at = transformPoint(grid.inverse, centre);
  const length = (ras: number) => (grid.size[voxelAxis[ras].axis] - 1) * voxelAxis[ras].spacing;
  const width = Math.max(1, Math.round(length(across) / pixel) + 1);
  const height = Math.max(1, Math.round(length(down) / pixel) + 1);
  const points = new Float32Array(3 * width * height);
  const fixedAxis = voxelAxis[through].axis;
  const fixedIndex = Math.min(Math.max(at[fixedAxis], 0), grid.size[fixedAxis] - 1);
  // Columns run towards the left (or back), rows towards the back (or feet): against RAS.
  const places = (ras: number, count: number) => {
    const { axis, sign, spacing } = voxelAxis[ras];
    const end = length(ras);
    return Float64Array.from({ length: count }, (_, index) => {
      const mm = Math.min(index * pixel, end);
      return sign > 0 ? grid.size[axis] - 1 - mm / spacing : mm / spacing;
    });
  };
  const columns = places(across, width);
  const rows = places(down, height);
  const columnAxis = voxelAxis[across].axis;
  const rowAxis = voxelAxis[down].axis;
  const lines: SliceLines = {
    columnAxis,
    rowAxis,
    fixedAxis,
    columns: Float32Array.from(columns),
    rows: Float32Array.from(rows),
    fixedIndex: Math.fround(fixedIndex),
  };
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i += 3) {
      points[i + columnAxis] = columns[column];
      points[i + rowAxis] = rows[row];
      points[i + fixedAxis] = fixedIndex;
    }
  }
  return { plane, width, height, points, lines };
}

/**
 * The position of a world point in a slice, projected onto it: column and row, in pixels from the centre of the first
 * pixel. {@link sliceRaster} with the same grid, plane and pixel has the slice's other properties.
 */
export function slicePosition(
  grid: Grid,
  plane: Plane,
  point: Triple,
  pixel: number,
): [column: number, row: number] {
  const at = transformPoint(grid.inverse, point);
  const steps = nearestAxes(grid);
  const place = (ras: number) => {
    const { axis, sign } = steps[ras];
    const voxels = sign > 0 ? grid.size[axis] - 1 - at[axis] : at[axis];
    return voxels * grid.spacing[axis] / pixel;
  };
  return [place(AXES[plane].across), place(AXES[plane].down)];
}

/**
 * The world point at a position of a slice: the inverse of {@link slicePosition}.
 *
 * @param position - Column and row, in pixels from the centre of the first pixel.
 * @param through - A world point, of which the result has the voxel index along the axis through the slice.
 */
export function slicePoint(
  grid: Grid,
  plane: Plane,
  position: readonly [column: number, row: number],
  pixel: number,
  through: Triple,
): Triple {
  const [x, y, z] = transformPoint(grid.inverse, through);
  const at: [number, number, number] = [x, y, z];
  const steps = nearestAxes(grid);
  [AXES[plane].across, AXES[plane].down].forEach((ras, side) => {
    const { axis, sign } = steps[ras];
    const voxels = position[side] * pixel / grid.spacing[axis];
    at[axis] = sign > 0 ? grid.size[axis] - 1 - voxels : voxels;
  });
  return grid.world(at);
}

/**
 * The pixels of a raster in another volume.
 *
 * @param matrix - From a voxel index of the raster's volume to that of the other one.
 */
export function mapRaster(raster: SliceRaster, matrix: Matrix4): SliceRaster {
  const { points: from } = raster;
  const points = new Float32Array(from.length);
  for (let i = 0; i < from.length; i += 3) {
    for (let axis = 0; axis < 3; axis++) {
      const row = 4 * axis;
      points[i + axis] = matrix[row] * from[i] + matrix[row + 1] * from[i + 1] +
        matrix[row + 2] * from[i + 2] + matrix[row + 3];
    }
  }
  return { ...raster, points, lines: raster.lines && mapLines(raster.lines, matrix) };
}

/**
 * Values at a raster's pixels: trilinear, or the nearest voxel's for labels. Pixels more than half a voxel outside the
 * volume are NaN.
 */
export function sampleSlice(
  grid: Grid,
  data: ArrayLike<number>,
  { points, width, height, lines }: SliceRaster,
  nearest = false,
): Float32Array {
  if (lines !== undefined && !nearest) return sampleLines(grid.size, data, lines);
  const [nx, ny, nz] = grid.size;
  const values = new Float32Array(width * height);
  for (let i = 0; i < values.length; i++) {
    let x = points[3 * i];
    let y = points[3 * i + 1];
    let z = points[3 * i + 2];
    const isInside = x >= -0.5 && y >= -0.5 && z >= -0.5 && x <= nx - 0.5 && y <= ny - 0.5 &&
      z <= nz - 0.5;
    if (!isInside) {
      values[i] = NaN;
      continue;
    }
    x = Math.min(Math.max(x, 0), nx - 1);
    y = Math.min(Math.max(y, 0), ny - 1);
    z = Math.min(Math.max(z, 0), nz - 1);
    if (nearest) {
      values[i] = data[(Math.round(z) * ny + Math.round(y)) * nx + Math.round(x)];
      continue;
    }
    const x0 = Math.floor(x);
    const y0 = Math.floor(y);
    const z0 = Math.floor(z);
    const tx = x - x0;
    const ty = y - y0;
    const tz = z - z0;
    const dx = x0 + 1 < nx ? 1 : 0;
    const dy = y0 + 1 < ny ? nx : 0;
    const dz = z0 + 1 < nz ? nx * ny : 0;
    const a = (z0 * ny + y0) * nx + x0;
    const b = a + dy;
    const c = a + dz;
    const d = b + dz;
    const rowA = data[a] + tx * (data[a + dx] - data[a]);
    const rowB = data[b] + tx * (data[b + dx] - data[b]);
    const rowC = data[c] + tx * (data[c + dx] - data[c]);
    const rowD = data[d] + tx * (data[d + dx] - data[d]);
    const lower = rowA + ty * (rowB - rowA);
    const upper = rowC + ty * (rowD - rowC);
    values[i] = lower + tz * (upper - lower);
  }
  return values;
}

/** The window for CT images in Hounsfield units: it separates soft tissue, fat and lung. */
const CT_WINDOW: readonly [number, number] = [-400, 350];

/**
 * The intensities between which a picture shows an image: a fixed window for CT (its air near -1000),
 * else its 1st and 99.5th percentiles (of a sample).
 */
export function displayWindow(data: ArrayLike<number>): [number, number] {
  const step = Math.max(1, Math.floor(data.length / 40000));
  // Loops in place of callbacks, here and below: a viewer calls these functions for every picture.
  const sample = new Float32Array(Math.ceil(data.length / step));
  for (let i = 0; i < sample.length; i++) sample[i] = data[Math.min(i * step, data.length - 1)];
  sample.sort();
  const at = (fraction: number) => sample[Math.round(fraction * (sample.length - 1))];
  const [low, high] = [at(0.01), at(0.995)];
  if (low < -850 && low > -1100 && high > 100 && high < 3100) return [...CT_WINDOW];
  return high > low ? [low, high] : [low, low + 1];
}

/** Grey values of a window's intensities. */
export function toGrey(values: Float32Array, [low, high]: readonly [number, number]): Uint8Array {
  const grey = new Uint8Array(values.length);
  for (let i = 0; i < grey.length; i++) {
    grey[i] = Math.round(255 * Math.min(Math.max((values[i] - low) / (high - low), 0), 1));
  }
  return grey;
}

/** Marks the pixels whose right or lower neighbour has another label. */
export function labelContours(labels: Float32Array, { width, height }: SliceRaster): Uint8Array {
  const on = new Uint8Array(labels.length);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      const label = labels[i];
      const differs = (x + 1 < width && labels[i + 1] !== label) ||
        (y + 1 < height && labels[i + width] !== label);
      if (differs) on[i] = 1;
    }
  }
  return on;
}

/** Outlines at a quarter and at half of the window, of a slightly smoothed slice. */
export function isoContours(grey: Uint8Array, raster: SliceRaster): Uint8Array {
  const { width, height } = raster;
  // Sums of 5 x 5 pixels: of 5 in each row, then of 5 rows. They are whole numbers, so that their order has no effect.
  const rows = new Float32Array(grey.length);
  for (let start = 0; start < grey.length; start += width) {
    let sum = 0;
    for (let x = -2; x < width; x++) {
      if (x + 2 < width) sum += grey[start + x + 2];
      if (x - 3 >= 0) sum -= grey[start + x - 3];
      if (x >= 0) rows[start + x] = sum;
    }
  }
  const smooth = new Float32Array(grey.length);
  for (let y = 0, i = 0; y < height; y++) {
    const from = Math.max(-2, -y);
    const to = Math.min(2, height - 1 - y);
    for (let x = 0; x < width; x++, i++) {
      let sum = 0;
      for (let dy = from; dy <= to; dy++) sum += rows[i + dy * width];
      const across = Math.min(2, width - 1 - x) + Math.min(2, x) + 1;
      const level = sum / (across * (to - from + 1));
      smooth[i] = (level > 48 ? 1 : 0) + (level > 128 ? 1 : 0);
    }
  }
  return labelContours(smooth, raster);
}

/** The world position of the middle of the labelled voxels' bounding box. */
export function labelCentre({ grid, data }: LabelVolume): Triple {
  const min = [...grid.size] as number[];
  const max = [0, 0, 0];
  const [nx, ny] = grid.size;
  for (let i = 0; i < data.length; i++) {
    if (data[i] === 0) continue;
    const at = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    for (let axis = 0; axis < 3; axis++) {
      min[axis] = Math.min(min[axis], at[axis]);
      max[axis] = Math.max(max[axis], at[axis]);
    }
  }
  if (max.every((m, axis) => m < min[axis])) return grid.centre;
  return grid.world([0, 1, 2].map((axis) => (min[axis] + max[axis]) / 2) as unknown as Triple);
}
