/**
 * The picture of a registration: three planes; the fixed image, the moving one before and after,
 * checkerboards, and contours of the fixed image on the warped one.
 *
 * @module
 */

import type { LabelVolume, Volume } from "../volume/volume.ts";
import { jacobianColour } from "./jacobian_colour.ts";
import { type Colour, Picture, textWidth } from "./picture.ts";
import {
  displayWindow,
  isoContours,
  labelCentre,
  labelContours,
  type Plane,
  sampleSlice,
  type SliceRaster,
  sliceRaster,
  toGrey,
} from "./slices.ts";

/** Options of {@link overviewPicture}; all images lie on the fixed grid. */
export interface OverviewOptions {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image before registration, at the position in the files. */
  readonly before: Volume;
  /** The moving image after registration. */
  readonly after: Volume;
  /** Labels of the fixed image. */
  readonly fixedLabels?: LabelVolume | undefined;
  /** The moving labels after registration. */
  readonly warpedLabels?: LabelVolume | undefined;
  /** Jacobian determinant of the deformation. */
  readonly jacobian?: Volume | undefined;
  /** The caption, a line at the bottom. */
  readonly caption?: string | undefined;
}

const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];
const PANEL = 270;
const GAP = 6;
const HEAD = 26;
const SQUARE = 24;
const WHITE: Colour = [235, 235, 235];
const FIXED: Colour = [255, 170, 40];
const MOVED: Colour = [60, 210, 255];

/** Renders the picture. */
export function overviewPicture(options: OverviewOptions): Picture {
  const { fixed, before, after, fixedLabels, warpedLabels, jacobian } = options;
  const { grid } = fixed;
  const centre = fixedLabels === undefined ? grid.centre : labelCentre(fixedLabels);
  const extents = grid.size.map((n, axis) => (n - 1) * grid.spacing[axis]);
  const pixel = Math.max(...extents) / PANEL;
  const rasters = PLANES.map((plane) => sliceRaster(grid, plane, centre, pixel));
  const titles = ["fixed", "moving before", "moving after", "checker before", "checker after"];
  titles.push(fixedLabels === undefined ? "fixed edges" : "labels on after");
  if (jacobian !== undefined) titles.push("log jacobian");

  const column = Math.max(...rasters.map((r) => r.width), ...titles.map((t) => textWidth(t)));
  const width = titles.length * (column + GAP) + GAP;
  const height = HEAD + rasters.reduce((sum, r) => sum + r.height + GAP, 0) + HEAD;
  const picture = new Picture(width, height, [16, 16, 18]);
  titles.forEach((title, i) => {
    const x = GAP + i * (column + GAP);
    picture.text(x + Math.max(0, (column - textWidth(title)) >> 1), 6, title, WHITE);
  });

  const windows = [fixed, before, after].map((volume) => displayWindow(volume.data));
  // The same window before and after registration, so that the images are comparable.
  windows[2] = windows[1];
  let top = HEAD;
  for (const raster of rasters) {
    const grey = [fixed, before, after].map((volume, i) =>
      toGrey(sampleSlice(grid, volume.data, raster), windows[i])
    );
    const panel = (index: number): Panel => ({
      picture,
      raster,
      left: GAP + index * (column + GAP) + ((column - raster.width) >> 1),
      top,
    });
    grey.forEach((values, i) => drawGrey(panel(i), values));
    drawGrey(panel(3), checkerboard(raster, grey[0], grey[1]));
    drawGrey(panel(4), checkerboard(raster, grey[0], grey[2]));
    drawGrey(panel(5), grey[2]);
    if (fixedLabels === undefined) {
      drawMarks(panel(5), isoContours(grey[0], raster), FIXED);
    } else {
      const contours = ({ data }: LabelVolume) =>
        labelContours(sampleSlice(grid, data, raster, true), raster);
      if (warpedLabels !== undefined) drawMarks(panel(5), contours(warpedLabels), MOVED);
      // Above those of the warped image.
      drawMarks(panel(5), contours(fixedLabels), FIXED);
    }
    if (jacobian !== undefined) {
      const values = sampleSlice(grid, jacobian.data, raster);
      drawColours(panel(6), (i) => jacobianColour(values[i]));
    }
    top += raster.height + GAP;
  }
  const legend = fixedLabels === undefined ? "ORANGE: FIXED" : "ORANGE: FIXED  BLUE: WARPED MOVING";
  picture.text(GAP, height - HEAD + 8, `${legend}   ${options.caption ?? ""}`, WHITE, 1);
  return picture;
}

/** A place in a picture for a slice. */
interface Panel {
  readonly picture: Picture;
  readonly raster: SliceRaster;
  readonly left: number;
  readonly top: number;
}

/** Squares of two slices in turn. */
function checkerboard({ width }: SliceRaster, first: Uint8Array, second: Uint8Array): Uint8Array {
  const values = first.slice();
  for (let i = 0; i < values.length; i++) {
    const x = Math.floor(i % width / SQUARE);
    const y = Math.floor(Math.floor(i / width) / SQUARE);
    if ((x + y) % 2 !== 0) values[i] = second[i];
  }
  return values;
}

// Numbers in place of colours, here and in drawMarks(): an array for each pixel takes several times as long.
function drawGrey(
  { picture, raster: { width, height }, left, top }: Panel,
  values: Uint8Array,
): void {
  const { data } = picture;
  for (let y = 0, i = 0; y < height; y++) {
    let at = 3 * ((top + y) * picture.width + left);
    for (let x = 0; x < width; x++, i++, at += 3) {
      data[at] = values[i];
      data[at + 1] = values[i];
      data[at + 2] = values[i];
    }
  }
}

function drawMarks({ picture, raster, left, top }: Panel, isOn: Uint8Array, colour: Colour): void {
  for (let i = 0; i < isOn.length; i++) {
    if (isOn[i] === 0) continue;
    picture.set(left + i % raster.width, top + Math.floor(i / raster.width), colour);
  }
}

function drawColours(
  { picture, raster: { width, height }, left, top }: Panel,
  colourAt: (i: number) => Colour,
): void {
  for (let i = 0; i < width * height; i++) {
    picture.set(left + i % width, top + Math.floor(i / width), colourAt(i));
  }
}
