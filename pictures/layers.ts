/**
 * PNG files of single slices that a page lays over each other.
 *
 * @module
 */

import { encode } from "fast-png";
import type { Colour } from "./picture.ts";
import type { SliceRaster } from "./slices.ts";

/** The width and height of a layer. */
type Size = Pick<SliceRaster, "width" | "height">;

/** A PNG file of grey values, row by row. */
export function greyLayer(values: Uint8Array, { width, height }: Size): Uint8Array {
  return encode({ width, height, data: values, channels: 1 });
}

/** A PNG file with a colour in every pixel. */
export function colourLayer(
  colourAt: (i: number) => Colour,
  { width, height }: Size,
): Uint8Array {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0; i < width * height; i++) data.set(colourAt(i), 3 * i);
  return encode({ width, height, data, channels: 3 });
}

/** A PNG file with a colour in the marked pixels, transparent elsewhere. */
export function markLayer(
  isOn: Uint8Array,
  [red, green, blue]: Colour,
  { width, height }: Size,
): Uint8Array {
  const data = new Uint8Array(4 * width * height);
  for (let i = 0; i < isOn.length; i++) {
    if (isOn[i] !== 0) data.set([red, green, blue, 255], 4 * i);
  }
  return encode({ width, height, data, channels: 4 });
}
