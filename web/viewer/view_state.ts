/**
 * What the viewer shows and how.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { IntensityWindow } from "./intensity_windows.ts";

/** The ways to show two images. */
export const MODES = [
  "fixed",
  "moving",
  "overlay",
  "checkerboard",
  "swipe",
  "difference",
  "jacobian",
] as const;

/** A way to show two images. */
export type Mode = typeof MODES[number];

/** The state of the view, the same for all planes. */
export interface ViewState {
  /** The point through which all slices go, RAS mm. */
  readonly centre: Triple;
  /** The magnification, from 1, at which a slice fits into its canvas. */
  readonly zoom: number;
  /** The point in the middle of the canvases while `zoom` is above 1, RAS mm. */
  readonly focus: Triple;
  /** The way to show the images. */
  readonly mode: Mode;
  /** True to show the moving image after the registration. */
  readonly isAfter: boolean;
  /** Overlay and Jacobian: the opacity. Swipe: the position. Checkerboard: the size of a square. 0 to 1. */
  readonly blend: number;
  /** True to draw the contours of the labels, or those of the fixed image if there are none. */
  readonly hasContours: boolean;
  /** True to draw the deformed grid. */
  readonly hasGrid: boolean;
  /** True to draw the lines through the centre. */
  readonly hasCrosshair: boolean;
  /** The window of the fixed image. */
  readonly fixedWindow: IntensityWindow;
  /** The window of the moving image. */
  readonly movingWindow: IntensityWindow;
}

/** The largest magnification. */
export const MAX_ZOOM = 8;

/** The nearest magnification that the view can have. */
export function limitedZoom(zoom: number): number {
  return Math.min(MAX_ZOOM, Math.max(1, zoom));
}

/** The state before any image is there. */
export const INITIAL_VIEW: ViewState = {
  centre: [0, 0, 0],
  zoom: 1,
  focus: [0, 0, 0],
  mode: "fixed",
  isAfter: true,
  blend: 0.5,
  hasContours: false,
  hasGrid: false,
  hasCrosshair: true,
  fixedWindow: [0, 1],
  movingWindow: [0, 1],
};
