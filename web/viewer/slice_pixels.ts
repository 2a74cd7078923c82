/**
 * The pixels of a slice in each way of showing two images.
 *
 * @module
 */

import { jacobianColour } from "../../pictures/jacobian_colour.ts";
import { gridLines, gridStep, WITHIN_PLANE } from "../../pictures/grid_lines.ts";
import type { Colour } from "../../pictures/picture.ts";
import type { SliceValues } from "../../pictures/scene.ts";
import { isoContours, labelContours, toGrey } from "../../pictures/slices.ts";
import type { Mode, ViewState } from "./view_state.ts";

/** The colour of contours of the fixed image. */
export const FIXED_COLOUR: Colour = [255, 170, 40];
/** The colour of contours of the moving image. */
export const MOVING_COLOUR: Colour = [60, 210, 255];
const GRID_COLOUR: Colour = [120, 235, 140];
const WHITE: Colour = [255, 255, 255];

/** Entries of the table of colours per unit of the Jacobian determinant, up to 2, the end of the colours. */
const TABLE_STEPS = 500;
const TABLE_LAST = 2 * TABLE_STEPS;
const JACOBIAN_TABLE = new Uint8Array(3 * (TABLE_LAST + 1));
for (let i = 0; i <= TABLE_LAST; i++) JACOBIAN_TABLE.set(jacobianColour(i / TABLE_STEPS), 3 * i);

/**
 * The pixels of a slice: red, green, blue and opacity, row by row. The work is done in pieces, between which the caller
 * can let the page answer.
 *
 * @param pixel - Size of a pixel, mm.
 */
export function* slicePixels(
  values: SliceValues,
  view: ViewState,
  pixel: number,
): Generator<void, Uint8ClampedArray<ArrayBuffer>> {
  const { width, height, plane } = values.raster;
  const pixels = new Uint8ClampedArray(4 * width * height);
  const fixedValues = values.fixed;
  yield;
  const movingValues = values.moving(view.isAfter);
  yield;
  const fixed = grey(fixedValues, view.fixedWindow);
  const moving = grey(movingValues, view.movingWindow);
  const hasBoth = fixed !== undefined && moving !== undefined;
  const mode = hasBoth ? view.mode : fixed === undefined ? "moving" : "fixed";
  if (mode === "jacobian") {
    // It is found here, and drawn below.
    void values.jacobian;
    yield;
  }
  drawImages(pixels, { fixed, moving, values, view, mode, width });
  yield;
  if (view.hasGrid) {
    for (const axis of [0, 1, 2]) {
      if (view.isAfter) values.displacements(axis);
      yield;
    }
    const positions = values.positions(view.isAfter);
    yield;
    if (positions !== undefined) {
      const [first, second] = WITHIN_PLANE[plane].map((axis) => positions[axis]);
      const step = gridStep(Math.max(width, height) * pixel);
      mark(pixels, gridLines(first, second, width, step), GRID_COLOUR);
    }
    yield;
  }
  if (view.hasContours) yield* drawContours(pixels, { fixed, values, view });
  return pixels;
}

function* drawContours(
  pixels: Uint8ClampedArray,
  { fixed, values, view }: Pick<Images, "fixed" | "values" | "view">,
): Generator<void> {
  const fixedLabels = values.fixedLabels;
  yield;
  const movingLabels = values.movingLabels(view.isAfter);
  yield;
  const { raster } = values;
  if (fixedLabels === undefined && movingLabels === undefined && fixed !== undefined) {
    mark(pixels, isoContours(fixed, raster), FIXED_COLOUR);
  }
  if (fixedLabels !== undefined) mark(pixels, labelContours(fixedLabels, raster), FIXED_COLOUR);
  if (movingLabels !== undefined) {
    mark(pixels, labelContours(outsideAsNone(movingLabels), raster), MOVING_COLOUR);
  }
}

interface Images {
  readonly fixed: Uint8Array | undefined;
  readonly moving: Uint8Array | undefined;
  readonly values: SliceValues;
  readonly view: ViewState;
  readonly mode: Mode;
  readonly width: number;
}

function drawImages(pixels: Uint8ClampedArray, images: Images): void {
  const { fixed, moving, values, view, mode, width } = images;
  const count = pixels.length / 4;
  const set = (i: number, red: number, green: number, blue: number) => {
    pixels[4 * i] = red;
    pixels[4 * i + 1] = green;
    pixels[4 * i + 2] = blue;
    pixels[4 * i + 3] = 255;
  };
  const plain = (image: Uint8Array | undefined) => {
    for (let i = 0; i < count; i++) {
      const value = image?.[i] ?? 0;
      set(i, value, value, value);
    }
  };
  if (fixed === undefined || moving === undefined || mode === "fixed" || mode === "moving") {
    return plain(mode === "moving" ? moving : fixed);
  }
  switch (mode) {
    case "overlay": {
      const share = view.blend;
      for (let i = 0; i < count; i++) {
        const under = (1 - share) * fixed[i];
        const over = share * moving[i];
        // The moving image is orange, so that a mismatch has a colour.
        set(i, under + 1.25 * over, under + 0.8 * over, under + 0.3 * over);
      }
      return;
    }
    case "checkerboard": {
      const square = Math.max(6, Math.round(width * (0.03 + 0.22 * view.blend)));
      for (let i = 0; i < count; i++) {
        const x = Math.floor(i % width / square);
        const y = Math.floor(Math.floor(i / width) / square);
        const value = (x + y) % 2 === 0 ? fixed[i] : moving[i];
        set(i, value, value, value);
      }
      return;
    }
    case "swipe": {
      const border = view.blend * width;
      for (let i = 0; i < count; i++) {
        const x = i % width;
        const value = x < border ? fixed[i] : moving[i];
        if (Math.abs(x - border) < 1) set(i, ...WHITE);
        else set(i, value, value, value);
      }
      return;
    }
    case "difference":
      // Blue where the moving image is brighter, orange where the fixed one is.
      for (let i = 0; i < count; i++) {
        const difference = (fixed[i] - moving[i]) / 255;
        const strength = Math.abs(difference);
        const base = 16;
        if (difference > 0) set(i, base + 239 * strength, base + 150 * strength, base);
        else set(i, base, base + 130 * strength, base + 239 * strength);
      }
      return;
    case "jacobian": {
      const jacobian = values.jacobian;
      if (jacobian === undefined) return plain(fixed);
      const share = view.blend;
      for (let i = 0; i < count; i++) {
        // The nearest of the colours in the table.
        const colour = 3 * Math.min(Math.max(Math.round(jacobian[i] * TABLE_STEPS), 0), TABLE_LAST);
        const under = (1 - share) * fixed[i];
        set(
          i,
          under + share * JACOBIAN_TABLE[colour],
          under + share * JACOBIAN_TABLE[colour + 1],
          under + share * JACOBIAN_TABLE[colour + 2],
        );
      }
    }
  }
}

function grey(
  values: Float32Array | undefined,
  window: readonly [number, number],
): Uint8Array | undefined {
  return values && toGrey(values, window);
}

/** Labels outside their image count as none. */
function outsideAsNone(labels: Float32Array): Float32Array {
  return labels.map((label) => label === label ? label : 0);
}

function mark(pixels: Uint8ClampedArray, isOn: Uint8Array, colour: Colour): void {
  for (let i = 0; i < isOn.length; i++) {
    if (isOn[i] === 0) continue;
    pixels[4 * i] = colour[0];
    pixels[4 * i + 1] = colour[1];
    pixels[4 * i + 2] = colour[2];
    pixels[4 * i + 3] = 255;
  }
}
