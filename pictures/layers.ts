/**
 * Rasters of single slices that a page lays over each other.
 *
 * @module
 */

import type { Colour } from "./picture.ts";
import type { PngRaster } from "./png.ts";
import type { SliceRaster } from "./slices.ts";

/** The width and height of a layer. */
type Size = Pick<SliceRaster, "width" | "height">;

/** The raster of grey values, row by row. */
export function greyLayer(values: Uint8Array, { width, height }: Size): PngRaster {
  return { width, height, data: values, channels: 1 };
}

/** A raster with a colour in every pixel. */
export function colourLayer(
  colourAt: (i: number) => Colour,
  { width, height }: Size,
): PngRaster {
  const data = new Uint8Array(3 * width * height);
  for (let i = 0, at = 0; i < width * height; i++, at += 3) {
    // Three assignments: TypedArray.set() takes several times as long for so few values.
    const colour = colourAt(i);
    data[at] = colour[0];
    data[at + 1] = colour[1];
    data[at + 2] = colour[2];
  }
  return { width, height, data, channels: 3 };
}

/** A raster with a colour in the marked pixels, transparent elsewhere. */
export function markLayer(
  isOn: Uint8Array,
  [red, green, blue]: Colour,
  { width, height }: Size,
): PngRaster {
  // One bit of each pixel: a picture with red, green, blue and alpha is 32 times as large before its compression.
  const rowBytes = Math.ceil(width / 8);
  const data = new Uint8Array(rowBytes * height);
  for (let y = 0, i = 0; y < height; y++) {
    for (let x = 0; x < width; x++, i++) {
      if (isOn[i] !== 0) data[y * rowBytes + (x >> 3)] |= 0x80 >> (x & 7);
    }
  }
  const palette = [[0, 0, 0, 0], [red, green, blue, 255]] as const;
  return { width, height, data, palette };
}
