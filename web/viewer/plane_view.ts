/**
 * One plane of the viewer: a canvas with its slice, its letters and its lines, and the gestures on it.
 *
 * @module
 */

import { type Plane, slicePoint, slicePosition, sliceRaster } from "../../pictures/slices.ts";
import type { Triple } from "../../volume/affine.ts";
import { referenceGrid, type Scene, SliceValues } from "../../pictures/scene.ts";
import { firstEdge, fittingScale, middleAfter, type Side } from "./magnified.ts";
import { slicePixels } from "./slice_pixels.ts";
import { limitedZoom, type ViewState } from "./view_state.ts";

/** A place of the page, or a way on it, CSS pixels. */
interface Place {
  readonly x: number;
  readonly y: number;
}

/** What a plane tells the viewer. */
export interface PlaneEvents {
  /** The user points at a place, RAS mm. */
  readonly onPoint: (point: Triple) => void;
  /** The user scrolls by some slices. */
  readonly onScroll: (plane: Plane, slices: number) => void;
  /** The user drags with the second button, by shares of the picture's width and height. */
  readonly onWindow: (across: number, down: number) => void;
  /** The user magnifies or moves the picture: its magnification, and the point in the middle, RAS mm. */
  readonly onMagnify: (zoom: number, focus: Triple) => void;
  /** The user wants the plane alone, or all planes again. */
  readonly onMaximise: (plane: Plane) => void;
}

/** The letters at the left, right, upper and lower edge of each plane. */
const LETTERS: Readonly<Record<Plane, readonly [string, string, string, string]>> = {
  axial: ["R", "L", "A", "P"],
  coronal: ["R", "L", "S", "I"],
  sagittal: ["A", "P", "S", "I"],
};

/** The names of the planes for people. */
const TITLES: Readonly<Record<Plane, string>> = {
  axial: "Axial",
  coronal: "Coronal",
  sagittal: "Sagittal",
};

/** Pixels along the longest side of the image in all slices: enough for the screen, and quick to draw. */
const MIN_PIXELS = 360;
const MAX_PIXELS = 512;
/** The distance of the wheel that is one slice, in CSS pixels. */
const WHEEL_STEP = 40;
/** The distance of the wheel that doubles the magnification, in CSS pixels. */
const ZOOM_DISTANCE = 200;
const LINE_COLOUR = "rgba(255, 214, 10, 0.75)";
const TEXT_COLOUR = "rgba(255, 255, 255, 0.85)";

/** A plane. */
export class PlaneView {
  /** The plane. */
  readonly plane: Plane;
  /** The canvas. */
  readonly canvas: HTMLCanvasElement;
  readonly #events: PlaneEvents;
  /** The view as it is now; the canvas can show an earlier one. */
  readonly #view: () => ViewState;
  readonly #buffer = document.createElement("canvas");
  #values: SliceValues | undefined;
  #scene: Scene = {};
  #centre: Triple = [0, 0, 0];
  #pixel = 1;
  /** The place of the slice that the canvas shows, in canvas pixels. */
  #place = { left: 0, top: 0, scale: 1 };
  #wheel = 0;

  /** A plane on a canvas, which asks for the view at each gesture. */
  constructor(
    plane: Plane,
    canvas: HTMLCanvasElement,
    view: () => ViewState,
    events: PlaneEvents,
  ) {
    this.plane = plane;
    this.canvas = canvas;
    this.#view = view;
    this.#events = events;
    this.#listen();
  }

  /** Draws the slice through the centre, in pieces: the canvas changes with the last one. */
  *draw(scene: Scene, view: ViewState): Generator<void> {
    const grid = referenceGrid(scene);
    let pixels: Uint8ClampedArray<ArrayBuffer> | undefined;
    if (grid !== undefined) {
      this.#update(scene, view.centre);
      yield;
      pixels = yield* slicePixels(this.#values!, view, this.#pixel);
      yield;
    }
    this.#paint(pixels, view);
  }

  #paint(pixels: Uint8ClampedArray<ArrayBuffer> | undefined, view: ViewState): void {
    const { canvas } = this;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(canvas.clientWidth * ratio));
    const height = Math.max(1, Math.round(canvas.clientHeight * ratio));
    if (canvas.width !== width) canvas.width = width;
    if (canvas.height !== height) canvas.height = height;
    const context = canvas.getContext("2d")!;
    context.fillStyle = "#000";
    context.fillRect(0, 0, width, height);
    if (pixels === undefined || this.#values === undefined) return;
    const { raster } = this.#values;
    this.#buffer.width = raster.width;
    this.#buffer.height = raster.height;
    const image = new ImageData(pixels, raster.width, raster.height);
    this.#buffer.getContext("2d")!.putImageData(image, 0, 0);
    const [across, down] = this.#sides(raster);
    const scale = view.zoom * fittingScale(across, down);
    const [column, row] = this.#focused(view);
    const left = firstEdge(across, scale, column);
    const top = firstEdge(down, scale, row);
    this.#place = { left, top, scale };
    context.imageSmoothingQuality = "high";
    context.drawImage(this.#buffer, left, top, scale * raster.width, scale * raster.height);
    if (view.hasCrosshair) this.#drawLines(context);
    this.#drawLetters(context, ratio);
  }

  /** Forgets the slice, so that the next drawing finds it anew. */
  forget(): void {
    this.#values = undefined;
  }

  #update(scene: Scene, centre: Triple): void {
    const grid = referenceGrid(scene)!;
    if (this.#values !== undefined && scene === this.#scene && isSame(centre, this.#centre)) return;
    const extents = grid.size.map((n, axis) => (n - 1) * grid.spacing[axis]);
    const longest = Math.min(MAX_PIXELS, Math.max(MIN_PIXELS, ...grid.size));
    this.#pixel = Math.max(...extents, 1) / longest;
    const raster = sliceRaster(grid, this.plane, centre, this.#pixel);
    const before = this.#values?.raster;
    const isSameSlice = before !== undefined && scene === this.#scene &&
      before.width === raster.width && isSamePlace(before.points, raster.points);
    this.#scene = scene;
    this.#centre = centre;
    // Moving within a slice does not change it.
    if (!isSameSlice) this.#values = new SliceValues(scene, raster);
  }

  #drawLines(context: CanvasRenderingContext2D): void {
    const grid = referenceGrid(this.#scene)!;
    const [column, row] = slicePosition(grid, this.plane, this.#centre, this.#pixel);
    const { left, top, scale } = this.#place;
    const { width, height } = this.#values!.raster;
    const x = left + scale * (column + 0.5);
    const y = top + scale * (row + 0.5);
    const gap = 10 * (globalThis.devicePixelRatio || 1);
    context.strokeStyle = LINE_COLOUR;
    context.lineWidth = globalThis.devicePixelRatio || 1;
    context.beginPath();
    // The place itself stays visible.
    for (const [from, to] of [[left, x - gap], [x + gap, left + scale * width]]) {
      if (to > from) {
        context.moveTo(from, y);
        context.lineTo(to, y);
      }
    }
    for (const [from, to] of [[top, y - gap], [y + gap, top + scale * height]]) {
      if (to > from) {
        context.moveTo(x, from);
        context.lineTo(x, to);
      }
    }
    context.stroke();
  }

  #drawLetters(context: CanvasRenderingContext2D, ratio: number): void {
    const { width, height } = this.canvas;
    const margin = 6 * ratio;
    context.fillStyle = TEXT_COLOUR;
    context.font = `600 ${13 * ratio}px system-ui, sans-serif`;
    context.shadowColor = "#000";
    context.shadowBlur = 3 * ratio;
    const [left, right, up, down] = LETTERS[this.plane];
    const write = (text: string, x: number, y: number, align: CanvasTextAlign) => {
      context.textAlign = align;
      context.fillText(text, x, y);
    };
    context.textBaseline = "middle";
    write(left, margin, height / 2, "left");
    write(right, width - margin, height / 2, "right");
    context.textBaseline = "top";
    write(TITLES[this.plane], margin, margin, "left");
    write(up, width / 2, margin, "center");
    context.textBaseline = "bottom";
    write(down, width / 2, height - margin, "center");
    context.shadowBlur = 0;
  }

  #listen(): void {
    const { canvas } = this;
    let gesture: "point" | "window" | "pan" = "point";
    /** The latest event of each finger on the canvas, or of the pressed mouse. */
    const pointers = new Map<number, PointerEvent>();
    canvas.addEventListener("pointerdown", (event) => {
      canvas.focus();
      canvas.setPointerCapture(event.pointerId);
      pointers.set(event.pointerId, event);
      gesture = event.button === 2 || event.shiftKey
        ? "window"
        : event.button === 1
        ? "pan"
        : "point";
      // The middle button would scroll the page.
      if (gesture === "pan") event.preventDefault();
      if (gesture === "point" && pointers.size === 1) this.#point(event);
    });
    canvas.addEventListener("pointermove", (event) => {
      const before = pointers.get(event.pointerId);
      if (before === undefined) return;
      if (pointers.size === 2) {
        const [other] = [...pointers.values()].filter((one) => one !== before);
        this.#pinch(other, before, event);
      } else if (gesture === "window") {
        const { x, y } = wayBetween(before, event);
        this.#events.onWindow(x / canvas.clientWidth, y / canvas.clientHeight);
      } else if (gesture === "pan") {
        this.#magnify(1, placeOf(before), wayBetween(before, event));
      } else this.#point(event);
      pointers.set(event.pointerId, event);
    });
    const end = (event: PointerEvent) => {
      pointers.delete(event.pointerId);
      // The finger that stays must not move the point.
      if (pointers.size > 0) gesture = "pan";
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("dblclick", () => this.#events.onMaximise(this.plane));
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      // Lines and pages as pixels.
      const distance = event.deltaY * [1, WHEEL_STEP, 10 * WHEEL_STEP][event.deltaMode];
      // Browsers report the pinch of a touchpad as a wheel with Ctrl.
      if (event.ctrlKey || event.metaKey) {
        this.#magnify(2 ** (-distance / ZOOM_DISTANCE), placeOf(event), { x: 0, y: 0 });
        return;
      }
      this.#wheel += distance;
      const slices = Math.trunc(this.#wheel / WHEEL_STEP);
      if (slices === 0) return;
      this.#wheel -= slices * WHEEL_STEP;
      this.#events.onScroll(this.plane, -Math.sign(slices) * Math.min(3, Math.abs(slices)));
    }, { passive: false });
  }

  #point(event: PointerEvent): void {
    const point = this.#at(event.clientX, event.clientY);
    if (point !== undefined) this.#events.onPoint(point);
  }

  /**
   * Magnifies by a factor and moves the picture. It begins with the present view, because several gestures can happen
   * before the canvas shows the first.
   *
   * @param place - The place whose point of the picture stays under the pointer, CSS pixels of the page.
   * @param shift - The way of this point, CSS pixels.
   */
  #magnify(factor: number, place: Place, shift: Place): void {
    const grid = referenceGrid(this.#scene);
    const raster = this.#values?.raster;
    if (grid === undefined || raster === undefined) return;
    const view = this.#view();
    const zoom = limitedZoom(view.zoom * factor);
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const [across, down] = this.#sides(raster);
    const fitting = fittingScale(across, down);
    const [before, after] = [view.zoom * fitting, zoom * fitting];
    const [column, row] = this.#focused(view);
    const middle = [
      middleAfter(across, before, after, column, {
        at: ratio * (place.x - box.left),
        shift: ratio * shift.x,
      }),
      middleAfter(down, before, after, row, {
        at: ratio * (place.y - box.top),
        shift: ratio * shift.y,
      }),
    ] as const;
    // The other planes keep their position along the axis through this one.
    this.#events.onMagnify(zoom, slicePoint(grid, this.plane, middle, this.#pixel, view.focus));
  }

  /** Two fingers: their distance magnifies, and the point between them moves the picture. */
  #pinch(other: PointerEvent, before: PointerEvent, now: PointerEvent): void {
    const distance = (finger: PointerEvent) => {
      const { x, y } = wayBetween(other, finger);
      return Math.max(1, Math.hypot(x, y));
    };
    const half = (a: Place, b: Place) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    this.#magnify(
      distance(now) / distance(before),
      half(placeOf(other), placeOf(before)),
      half(wayBetween(before, now), { x: 0, y: 0 }),
    );
  }

  #sides(raster: { readonly width: number; readonly height: number }): [across: Side, down: Side] {
    const { width, height } = this.canvas;
    return [{ canvas: width, count: raster.width }, { canvas: height, count: raster.height }];
  }

  /** The position of the view's focus in the slice, column and row. */
  #focused({ focus }: ViewState): [column: number, row: number] {
    return slicePosition(referenceGrid(this.#scene)!, this.plane, focus, this.#pixel);
  }

  /** The point at a place of the page; of the nearest pixel of the slice if it is outside. */
  #at(clientX: number, clientY: number): Triple | undefined {
    const grid = referenceGrid(this.#scene);
    const raster = this.#values?.raster;
    if (grid === undefined || raster === undefined) return undefined;
    const box = this.canvas.getBoundingClientRect();
    const ratio = this.canvas.width / box.width;
    const { left, top, scale } = this.#place;
    const column = ((clientX - box.left) * ratio - left) / scale - 0.5;
    const row = ((clientY - box.top) * ratio - top) / scale - 0.5;
    const at = (value: number, count: number) =>
      Math.round(Math.min(Math.max(value, 0), count - 1));
    const i = 3 * (at(row, raster.height) * raster.width + at(column, raster.width));
    const { points } = raster;
    return grid.world([points[i], points[i + 1], points[i + 2]]);
  }
}

function placeOf({ clientX, clientY }: MouseEvent): Place {
  return { x: clientX, y: clientY };
}

function wayBetween(from: MouseEvent, to: MouseEvent): Place {
  return { x: to.clientX - from.clientX, y: to.clientY - from.clientY };
}

function isSame(a: Triple, b: Triple): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2];
}

/** Compares the first and the last pixel of two slices along the same axes, within a thousandth of a voxel. */
function isSamePlace(a: Float32Array, b: Float32Array): boolean {
  if (a.length !== b.length) return false;
  const isNear = (i: number) => Math.abs(a[i] - b[i]) < 1e-3;
  return [0, 1, 2, a.length - 3, a.length - 2, a.length - 1].every(isNear);
}
