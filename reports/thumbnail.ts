/**
 * The small picture of a registration in a list of many.
 *
 * @module
 */

import { type Colour, Picture } from "../pictures/picture.ts";
import {
  displayWindow,
  isoContours,
  labelCentre,
  labelContours,
  sampleSlice,
  sliceRaster,
  toGrey,
} from "../pictures/slices.ts";
import type { RegisterImagesResult } from "../registration/register.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";

/** Pixels along the longest side of the fixed image. */
const LONGEST = 132;
const GAP = 4;
const CONTOUR: Colour = [255, 170, 40];

/**
 * The bytes of a PNG file: a coronal slice of the moving image before the registration and after it, with the contours
 * of the fixed image or of its labels.
 */
export function thumbnail(
  fixed: Volume,
  fixedLabels: LabelVolume | undefined,
  { before, warped }: Pick<RegisterImagesResult, "before" | "warped">,
): Uint8Array {
  const { grid } = fixed;
  const extents = grid.size.map((n, axis) => (n - 1) * grid.spacing[axis]);
  const centre = fixedLabels === undefined ? grid.centre : labelCentre(fixedLabels);
  const raster = sliceRaster(grid, "coronal", centre, Math.max(...extents) / LONGEST);
  const { width, height } = raster;
  const contours = fixedLabels === undefined
    ? isoContours(toGrey(sampleSlice(grid, fixed.data, raster), displayWindow(fixed.data)), raster)
    : labelContours(sampleSlice(grid, fixedLabels.data, raster, true), raster);
  // The same window before and after the registration, so that the images are comparable.
  const window = displayWindow(before.data);
  const picture = new Picture(2 * width + GAP, height, [255, 255, 255]);
  [before, warped].forEach((image, panel) => {
    const grey = toGrey(sampleSlice(grid, image.data, raster), window);
    for (let i = 0; i < width * height; i++) {
      const colour: Colour = contours[i] !== 0 ? CONTOUR : [grey[i], grey[i], grey[i]];
      picture.set(panel * (width + GAP) + i % width, Math.floor(i / width), colour);
    }
  });
  return picture.toPng();
}
