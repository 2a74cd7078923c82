/**
 * The paper's figures 1 and 2: a slice of an image and of its synthesis by each cycle-GAN, with the contours of
 * the image's labels.
 *
 * @module
 */

import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { type Colour, Picture, textWidth } from "../../pictures/picture.ts";
import {
  displayWindow,
  labelCentre,
  labelContours,
  type Plane,
  sampleSlice,
  sliceRaster,
  toGrey,
} from "../../pictures/slices.ts";

/** Options of {@link synthesisPicture}; all images lie on one grid. */
export interface SynthesisPictureOptions {
  /** The images with their titles: the source, then its syntheses. */
  readonly images: readonly { readonly title: string; readonly image: Volume }[];
  /** Labels of the source. Default: no labels are drawn. */
  readonly labels?: LabelVolume | undefined;
  /** A line at the bottom. */
  readonly caption: string;
}

const PLANES: readonly Plane[] = ["coronal", "axial"];
const PANEL = 260;
const GAP = 6;
const HEAD = 24;
const WHITE: Colour = [235, 235, 235];
const CONTOUR: Colour = [255, 170, 40];

/** Renders the picture: the images side by side, a plane below the other. */
export function synthesisPicture({ images, labels, caption }: SynthesisPictureOptions): Picture {
  const { grid } = images[0].image;
  const centre = labels === undefined ? grid.centre : labelCentre(labels);
  const pixel = Math.max(...grid.size.map((n, axis) => (n - 1) * grid.spacing[axis])) / PANEL;
  const rasters = PLANES.map((plane) => sliceRaster(grid, plane, centre, pixel));
  const column = Math.max(
    ...rasters.map(({ width }) => width),
    ...images.map(({ title }) => textWidth(title)),
  );
  const picture = new Picture(
    Math.max(images.length * (column + GAP) + GAP, textWidth(caption, 1) + 2 * GAP),
    HEAD + rasters.reduce((sum, { height }) => sum + height + GAP, 0) + HEAD,
    [16, 16, 18],
  );
  images.forEach(({ title, image }, i) => {
    const left = GAP + i * (column + GAP);
    const window = displayWindow(image.data);
    picture.text(left + ((column - textWidth(title)) >> 1), 5, title, WHITE);
    let top = HEAD;
    for (const raster of rasters) {
      const grey = toGrey(sampleSlice(grid, image.data, raster), window);
      const contours = labels &&
        labelContours(sampleSlice(grid, labels.data, raster, true), raster);
      grey.forEach((value, at) => {
        const x = left + ((column - raster.width) >> 1) + at % raster.width;
        const y = top + Math.floor(at / raster.width);
        picture.set(x, y, contours?.[at] ? CONTOUR : [value, value, value]);
      });
      top += raster.height + GAP;
    }
  });
  picture.text(GAP, picture.height - HEAD + 8, caption, WHITE, 1);
  return picture;
}
