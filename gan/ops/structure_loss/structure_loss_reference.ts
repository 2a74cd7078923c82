/**
 * The structure losses on the processor in double precision, with which tests compare the kernels.
 *
 * @module
 */

import type { ImageShape } from "../instance_norm/instance_norm_reference.ts";
import type { NoiseFloors, StructureMeasure } from "./structure_loss.ts";
import {
  CORRELATION_WINDOW,
  MIND_OFFSETS,
  MIND_WINDOW,
  type Window,
  windowWeights,
} from "./windows.ts";

/** An image of one channel. */
interface Plane {
  readonly height: number;
  readonly width: number;
  readonly values: Float64Array;
}

/** The Gaussian mean of an image around a pixel. */
function localMean({ values, width }: Plane, window: Window, row: number, column: number): number {
  const weights = windowWeights(window);
  let sum = 0;
  weights.forEach((wy, y) =>
    weights.forEach((wx, x) => {
      const at = (row + y - window.radius) * width + column + x - window.radius;
      sum += wy * wx * values[at];
    })
  );
  return sum;
}

function map({ height, width }: Plane, value: (row: number, column: number) => number): Plane {
  const values = new Float64Array(height * width);
  for (let i = 0; i < values.length; i++) values[i] = value(Math.floor(i / width), i % width);
  return { height, width, values };
}

/** MIND with four neighbours at a pixel. */
function mind(plane: Plane, floor: number, row: number, column: number): number[] {
  const { height, width, values } = plane;
  const distances = MIND_OFFSETS.map(([rows, columns]) => {
    const squares = map(plane, (y, x) => {
      const isInside = y + rows >= 0 && y + rows < height && x + columns >= 0 &&
        x + columns < width;
      if (!isInside) return 0;
      return (values[y * width + x] - values[(y + rows) * width + x + columns]) ** 2;
    });
    return localMean(squares, MIND_WINDOW, row, column);
  });
  const variance = distances.reduce((a, b) => a + b) / 4 + floor;
  return distances.map((distance) => Math.exp(-distance / variance));
}

function mindTerm(u: Plane, v: Plane, floors: NoiseFloors, row: number, column: number): number {
  const wanted = mind(u, floors.source, row, column);
  const found = mind(v, floors.synthesis, row, column);
  return wanted.reduce((sum, value, i) => sum + Math.abs(value - found[i]) / 4, 0);
}

function correlationTerm(
  u: Plane,
  v: Plane,
  floors: NoiseFloors,
  row: number,
  column: number,
): number {
  const mean = (value: (i: number) => number) =>
    localMean(
      map(u, (y, x) => value(y * u.width + x)),
      CORRELATION_WINDOW,
      row,
      column,
    );
  const meanU = mean((i) => u.values[i]);
  const meanV = mean((i) => v.values[i]);
  const varianceU = mean((i) => u.values[i] ** 2) - meanU ** 2;
  const varianceV = mean((i) => v.values[i] ** 2) - meanV ** 2;
  const covariance = mean((i) => u.values[i] * v.values[i]) - meanU * meanV;
  const a = varianceU + floors.source;
  const b = varianceV + floors.synthesis;
  return varianceU / a + varianceV / b - 2 * covariance ** 2 / (a * b);
}

/** Computes a structure loss. */
export function structureLossReference(
  measure: StructureMeasure,
  shape: ImageShape,
  { source, synthesis, floors }: {
    readonly source: ArrayLike<number>;
    readonly synthesis: ArrayLike<number>;
    readonly floors: readonly NoiseFloors[];
  },
): number {
  const [images, height, width, channels] = shape;
  const plane = (of: ArrayLike<number>, image: number, channel: number): Plane => ({
    height,
    width,
    values: Float64Array.from(
      { length: height * width },
      (_, i) => of[(image * height * width + i) * channels + channel],
    ),
  });
  const term = measure === "mind" ? mindTerm : correlationTerm;
  const border = measure === "mind" ? MIND_WINDOW.radius + 1 : CORRELATION_WINDOW.radius;
  let sum = 0;
  let count = 0;
  for (let image = 0; image < images; image++) {
    for (let channel = 0; channel < channels; channel++) {
      const u = plane(source, image, channel);
      const v = plane(synthesis, image, channel);
      for (let row = border; row < height - border; row++) {
        for (let column = border; column < width - border; column++) {
          sum += term(u, v, floors[image], row, column);
          count++;
        }
      }
    }
  }
  return sum / count;
}
