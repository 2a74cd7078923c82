/**
 * Pictures: an RGB raster with rectangles of image data, text and a PNG encoder.
 *
 * @module
 */

import { GLYPHS } from "./_font.ts";
import { encodePng } from "./png.ts";

/** Red, green, blue, 0 to 255. */
export type Colour = readonly [number, number, number];

/** An RGB raster. */
export class Picture {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** Red, green, blue of each pixel, row by row from the top. */
  readonly data: Uint8Array;

  /**
   * A picture of one colour.
   *
   * @param width - Width in pixels.
   * @param height - Height in pixels.
   * @param background - The colour. Default black.
   */
  constructor(width: number, height: number, background: Colour = [0, 0, 0]) {
    this.width = width;
    this.height = height;
    this.data = new Uint8Array(3 * width * height);
    for (let i = 0; i < this.data.length; i++) this.data[i] = background[i % 3];
  }

  /** Sets a pixel. A position outside the picture is ignored. */
  set(x: number, y: number, colour: Colour): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    // Three assignments: TypedArray.set() takes several times as long for so few values.
    const at = 3 * (y * this.width + x);
    this.data[at] = colour[0];
    this.data[at + 1] = colour[1];
    this.data[at + 2] = colour[2];
  }

  /**
   * Writes text, in capitals without accents of 5 x 7 dots of `scale` pixels, from its top left corner. Other
   * characters are blank.
   */
  text(x: number, y: number, text: string, colour: Colour, scale = 2): void {
    for (const character of text.toUpperCase().normalize("NFD").replace(/\p{M}/gu, "")) {
      const glyph = GLYPHS[character];
      for (let row = 0; glyph !== undefined && row < 7; row++) {
        const bits = parseInt(glyph[row], 32);
        for (let column = 0; column < 5; column++) {
          if (!(bits >> (4 - column) & 1)) continue;
          for (let dot = 0; dot < scale * scale; dot++) {
            this.set(
              x + column * scale + dot % scale,
              y + row * scale + Math.floor(dot / scale),
              colour,
            );
          }
        }
      }
      x += 6 * scale;
    }
  }

  /** The bytes of the PNG file, which depend on the runtime; the pixels do not. */
  toPng(): Uint8Array {
    return encodePng({
      width: this.width,
      height: this.height,
      data: this.data,
      channels: 3,
    });
  }
}

/** Width of a text in pixels. */
export function textWidth(text: string, scale = 2): number {
  return 6 * scale * text.length;
}
