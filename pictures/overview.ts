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
    const draw = (index: number, colourAt: (i: number) => Colour) =>
      drawPanel(
        picture,
        raster,
        GAP + index * (column + GAP) + ((column - raster.width) >> 1),
        top,
        colourAt,
      );
    const plain = (values: Uint8Array) => (i: number): Colour => [values[i], values[i], values[i]];
    grey.forEach((values, i) => draw(i, plain(values)));
    for (const [index, other] of [[3, grey[1]], [4, grey[2]]] as const) {
      draw(index, (i) => {
        const x = Math.floor(i % raster.width / SQUARE);
        const y = Math.floor(Math.floor(i / raster.width) / SQUARE);
        const value = (x + y) % 2 === 0 ? grey[0][i] : other[i];
        return [value, value, value];
      });
    }
    const outlines = fixedLabels === undefined
      ? [{ on: isoContours(grey[0], raster), colour: FIXED }]
      : [
        {
          on: labelContours(sampleSlice(grid, fixedLabels.data, raster, true), raster),
          colour: FIXED,
        },
        ...(warpedLabels === undefined ? [] : [{
          on: labelContours(sampleSlice(grid, warpedLabels.data, raster, true), raster),
          colour: MOVED,
        }]),
      ];
    draw(5, (i) => outlines.find((o) => o.on[i])?.colour ?? plain(grey[2])(i));
    if (jacobian !== undefined) {
      const values = sampleSlice(grid, jacobian.data, raster);
      draw(6, (i) => jacobianColour(values[i]));
    }
    top += raster.height + GAP;
  }
  const legend = fixedLabels === undefined ? "ORANGE: FIXED" : "ORANGE: FIXED  BLUE: WARPED MOVING";
  picture.text(GAP, height - HEAD + 8, `${legend}   ${options.caption ?? ""}`, WHITE, 1);
  return picture;
}

function drawPanel(
  picture: Picture,
  raster: SliceRaster,
  left: number,
  top: number,
  colourAt: (i: number) => Colour,
): void {
  for (let i = 0; i < raster.width * raster.height; i++) {
    picture.set(left + i % raster.width, top + Math.floor(i / raster.width), colourAt(i));
  }
}
