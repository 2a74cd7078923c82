/**
 * The slices of a registration as layers: one picture for each image, line drawing and map of colours.
 *
 * @module
 */

import { gridLines, gridStep, WITHIN_PLANE } from "../pictures/grid_lines.ts";
import { jacobianColour } from "../pictures/jacobian_colour.ts";
import { colourLayer, greyLayer, markLayer } from "../pictures/layers.ts";
import type { Colour } from "../pictures/picture.ts";
import { encodePng, type PngEncoder, type PngRaster } from "../pictures/png.ts";
import { type Scene, type SceneResult, SliceValues } from "../pictures/scene.ts";
import {
  displayWindow,
  isoContours,
  labelCentre,
  labelContours,
  type Plane,
  sliceRaster,
  toGrey,
} from "../pictures/slices.ts";
import { transformPoint, type Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import { nearestAxes } from "../volume/orientation.ts";
import type { Volume } from "../volume/volume.ts";

/** The layers of one slice: PNG files of the same size. */
export interface SliceLayers {
  /** Width in pixels. */
  readonly width: number;
  /** Height in pixels. */
  readonly height: number;
  /** The fixed image. */
  readonly fixed: Uint8Array;
  /** The moving image where the files place it. */
  readonly before: Uint8Array;
  /** The warped moving image. */
  readonly after: Uint8Array;
  /** The Jacobian determinant in colours. */
  readonly jacobian: Uint8Array;
  /** The lines of a regular grid after the deformation, without the rigid part. */
  readonly grid: Uint8Array;
  /** The contours of the labels of the fixed image, or of the image if there are none. */
  readonly fixedContours: Uint8Array;
  /** The contours of the moving labels where the files place them. */
  readonly beforeContours?: Uint8Array | undefined;
  /** The contours of the warped labels. */
  readonly afterContours?: Uint8Array | undefined;
}

/** The slices of a plane. */
export interface PlaneLayers {
  /** The plane. */
  readonly plane: Plane;
  /** The slices, in the order of the patient: from left to right, from back to front, from feet to head. */
  readonly slices: readonly SliceLayers[];
}

/** The scene of a finished registration. */
export interface FinishedScene extends Scene {
  /** The fixed image. */
  readonly fixed: Volume;
  /** The moving image on its own grid. */
  readonly moving: Volume;
  /** The result. */
  readonly result: SceneResult;
}

/** Where the slices lie, as parts of the image's extent. The middle one is in the centre of the fixed labels. */
const PLACES = [-0.3, -0.15, 0, 0.15, 0.3];
/** Pixels along the longest side of the fixed image. */
const LONGEST = 288;
const FIXED: Colour = [255, 170, 40];
const MOVING: Colour = [60, 210, 255];
const GRID: Colour = [120, 235, 140];
/** The RAS axis through each plane. */
const THROUGH: Readonly<Record<Plane, 0 | 1 | 2>> = { axial: 2, coronal: 1, sagittal: 0 };

/**
 * The layers of the slices in three planes, five slices each.
 *
 * @param encode - Makes the PNG files. All slices are drawn before the first file is awaited, so that another thread can
 * compress them meanwhile. Default {@link encodePng}.
 */
export async function caseLayers(
  scene: FinishedScene,
  encode: PngEncoder = encodePng,
): Promise<PlaneLayers[]> {
  const { fixed, moving, fixedLabels } = scene;
  const { grid } = fixed;
  const extents = grid.size.map((n, axis) => (n - 1) * grid.spacing[axis]);
  const pixel = Math.max(...extents) / LONGEST;
  const windows = { fixed: displayWindow(fixed.data), moving: displayWindow(moving.data) };
  const centre = fixedLabels === undefined ? grid.centre : labelCentre(fixedLabels);
  const planes = (["axial", "coronal", "sagittal"] as const).map((plane) => ({
    plane,
    slices: PLACES.map((part) => {
      const raster = sliceRaster(grid, plane, movedThrough(grid, centre, plane, part), pixel);
      return layersOf(new SliceValues(scene, raster), { windows, pixel, encode });
    }),
  }));
  return await Promise.all(
    planes.map(async ({ plane, slices }) => ({ plane, slices: await Promise.all(slices) })),
  );
}

interface Windows {
  readonly fixed: readonly [number, number];
  readonly moving: readonly [number, number];
}

/** How the layers of a slice are drawn. */
interface Drawing {
  readonly windows: Windows;
  /** Edge of a pixel, mm. */
  readonly pixel: number;
  readonly encode: PngEncoder;
}

async function layersOf(
  values: SliceValues,
  { windows, pixel, encode }: Drawing,
): Promise<SliceLayers> {
  const { raster } = values;
  const { width, height } = raster;
  const grey = toGrey(values.fixed!, windows.fixed);
  const jacobian = values.jacobian!;
  const step = gridStep(Math.max(width, height) * pixel);
  const positions = values.positions(true)!;
  const [first, second] = WITHIN_PLANE[raster.plane].map((axis) => positions[axis]);
  const { fixedLabels } = values;
  const layer = async (drawn: PngRaster) => await encode(drawn);
  const contours = (labels: Float32Array | undefined, colour: Colour) =>
    labels &&
    // Labels outside their image count as none.
    layer(markLayer(labelContours(labels.map((label) => label || 0), raster), colour, raster));
  // Everything is drawn here, and only then awaited.
  const [fixed, before, after, inColours, lines, fixedContours, beforeContours, afterContours] =
    await Promise.all([
      layer(greyLayer(grey, raster)),
      layer(greyLayer(toGrey(values.moving(false)!, windows.moving), raster)),
      layer(greyLayer(toGrey(values.moving(true)!, windows.moving), raster)),
      layer(colourLayer((i) => jacobianColour(jacobian[i]), raster)),
      layer(markLayer(gridLines(first, second, width, step), GRID, raster)),
      contours(fixedLabels, FIXED) ?? layer(markLayer(isoContours(grey, raster), FIXED, raster)),
      contours(values.movingLabels(false), MOVING),
      contours(values.movingLabels(true), MOVING),
    ]);
  return {
    width,
    height,
    fixed,
    before,
    after,
    jacobian: inColours,
    grid: lines,
    fixedContours,
    beforeContours,
    afterContours,
  };
}

/** A point moved through the slices of a plane by a part of the grid's extent, within the grid. */
function movedThrough(grid: Grid, point: Triple, plane: Plane, part: number): Triple {
  const { axis, sign } = nearestAxes(grid)[THROUGH[plane]];
  const last = grid.size[axis] - 1;
  const index = [...transformPoint(grid.inverse, point)];
  index[axis] = Math.min(Math.max(index[axis] + sign * part * last, 0), last);
  return grid.world(index as unknown as Triple);
}
