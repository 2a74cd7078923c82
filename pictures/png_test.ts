import { deflateSync } from "node:zlib";
import { assertEquals, assertThrows } from "@std/assert";
import { decode } from "fast-png";
import { encodeByPackage, encodePng, pngEncoderBy, type PngRaster } from "./png.ts";

const GREY: PngRaster = {
  width: 5,
  height: 3,
  channels: 1,
  data: Uint8Array.from({ length: 15 }, (_, i) => 17 * i),
};
const COLOURS: PngRaster = {
  width: 3,
  height: 2,
  channels: 3,
  data: Uint8Array.from({ length: 18 }, (_, i) => 14 * i),
};
// Rows of 10 pixels: 1000000001 and 0100000010.
const MARKS: PngRaster = {
  width: 10,
  height: 2,
  data: Uint8Array.of(0x80, 0x40, 0x40, 0x80),
  palette: [[0, 0, 0, 0], [255, 170, 40, 255]],
};

Deno.test("encodePng() and encodeByPackage() give files of the same pixels", () => {
  for (const raster of [GREY, COLOURS, MARKS]) {
    const image = decode(encodePng(raster), { checkCrc: true });
    assertEquals([image.width, image.height], [raster.width, raster.height]);
    assertEquals(image.data, raster.data);
    assertEquals(image.depth, raster.palette === undefined ? 8 : 1);
    const other = decode(encodeByPackage(raster), { checkCrc: true });
    assertEquals([other.data, other.channels, other.depth], [
      image.data,
      image.channels,
      image.depth,
    ]);
    assertEquals(other.palette, image.palette);
  }
});

Deno.test("encodePng() refuses data of another size", () => {
  assertThrows(() => encodePng({ ...GREY, width: 6 }), RangeError);
});

Deno.test("pngEncoderBy() gives the files of encodePng(), also if its function fails", async () => {
  const working = pngEncoderBy((rows, level) => Promise.resolve(deflateSync(rows, { level })))!;
  const failing = pngEncoderBy(() => Promise.reject(new Error("no memory")))!;
  for (const raster of [GREY, COLOURS, MARKS]) {
    assertEquals(await working(raster), encodePng(raster));
    assertEquals(await failing(raster), encodePng(raster));
  }
});
