import { assertEquals } from "@std/assert";
import { sliceRaster } from "../../pictures/slices.ts";
import { Grid } from "../../volume/grid.ts";
import { type Scene, SliceValues } from "../../pictures/scene.ts";
import { slicePixels } from "./slice_pixels.ts";
import { INITIAL_VIEW, type ViewState } from "./view_state.ts";

const grid = Grid.axisAligned([12, 12, 3], [1, 1, 1]);
const constant = (value: number) => ({ grid, data: new Float32Array(grid.voxels).fill(value) });
const scene: Scene = { fixed: constant(1), moving: constant(0.5) };

/** Red, green and blue of the first pixel and of the last one. */
function ends(changes: Partial<ViewState>, shown: Scene = scene): number[][] {
  const raster = sliceRaster(grid, "axial", [6, 6, 1], 1);
  const view = { ...INITIAL_VIEW, ...changes };
  const work = slicePixels(new SliceValues(shown, raster), view, 1);
  let piece = work.next();
  while (!piece.done) piece = work.next();
  const pixels = piece.value;
  return [[...pixels.subarray(0, 3)], [...pixels.subarray(-4, -1)]];
}

Deno.test("slicePixels() shows one image, both, or their difference", () => {
  assertEquals(ends({ mode: "fixed" })[0], [255, 255, 255]);
  assertEquals(ends({ mode: "moving" })[0], [128, 128, 128]);
  // Half of white, and half of the moving image in orange: 127.5 + 64 (1.25, 0.8, 0.3).
  assertEquals(ends({ mode: "overlay", blend: 0.5 })[0], [208, 179, 147]);
  // The fixed image is brighter by half: orange of half strength.
  const [red, green, blue] = ends({ mode: "difference" })[0];
  assertEquals([red > green, green > blue, blue], [true, true, 16]);
});

Deno.test("slicePixels() divides the slice in swipe and checkerboard", () => {
  assertEquals(ends({ mode: "swipe", blend: 0.25 }), [[255, 255, 255], [128, 128, 128]]);
  // Squares of 6 pixels: the last pixel is diagonal to the first one.
  assertEquals(ends({ mode: "checkerboard", blend: 0 }), [[255, 255, 255], [255, 255, 255]]);
});

Deno.test("slicePixels() shows the image that there is, whatever the mode", () => {
  assertEquals(ends({ mode: "overlay" }, { fixed: scene.fixed })[0], [255, 255, 255]);
  assertEquals(ends({ mode: "difference" }, { moving: scene.moving })[0], [128, 128, 128]);
});
