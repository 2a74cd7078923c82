/**
 * The viewer: three planes through one point, drawn at most once per frame.
 *
 * @module
 */

import { displayWindow, type Plane } from "../../pictures/slices.ts";
import type { Triple } from "../../volume/affine.ts";
import { draggedWindow } from "./intensity_windows.ts";
import { type PlaneEvents, PlaneView } from "./plane_view.ts";
import { referenceGrid, type Scene, stepThrough } from "../../pictures/scene.ts";
import { INITIAL_VIEW, limitedZoom, type ViewState } from "./view_state.ts";

/** The planes in their order. */
export const PLANES: readonly Plane[] = ["axial", "coronal", "sagittal"];

/** The RAS axis through each plane. */
const THROUGH: Readonly<Record<Plane, 0 | 1 | 2>> = { axial: 2, coronal: 1, sagittal: 0 };

/** The time in each frame for drawing; a piece of work may exceed it. */
const FRAME_MILLISECONDS = 12;

/** Options of {@link Viewer}. */
export interface ViewerOptions {
  /** The canvases of the planes. */
  readonly canvases: Readonly<Record<Plane, HTMLCanvasElement>>;
  /** Is called after each change of the view. */
  readonly onView: (view: ViewState) => void;
  /** Is called when drawing begins, and when all planes show the view. */
  readonly onBusy: (isBusy: boolean) => void;
  /** The user wants a plane alone, or all planes again. */
  readonly onMaximise: (plane: Plane) => void;
}

/** The viewer. */
export class Viewer {
  readonly #planes: readonly PlaneView[];
  readonly #onView: (view: ViewState) => void;
  readonly #onBusy: (isBusy: boolean) => void;
  #scene: Scene = {};
  #view: ViewState = INITIAL_VIEW;
  /** The planes that show an older view: first the one that waits longest. */
  readonly #waiting = new Set<PlaneView>();
  /** The plane that is drawn now. */
  #drawing: Generator<void> | undefined;
  #isScheduled = false;

  /** A viewer on three canvases. */
  constructor({ canvases, onView, onBusy, onMaximise }: ViewerOptions) {
    this.#onView = onView;
    this.#onBusy = onBusy;
    const events: PlaneEvents = {
      onPoint: (centre) => this.change({ centre }),
      onScroll: (plane, slices) => this.scroll(plane, slices),
      onWindow: (across, down) => this.#dragWindow(across, down),
      onMagnify: (zoom, focus) => this.change({ zoom, focus }),
      onMaximise,
    };
    this.#planes = PLANES.map((plane) =>
      new PlaneView(plane, canvases[plane], () => this.#view, events)
    );
    const observer = new ResizeObserver(() => this.redraw());
    for (const plane of PLANES) observer.observe(canvases[plane]);
  }

  /** The view. */
  get view(): ViewState {
    return this.#view;
  }

  /** The images. */
  get scene(): Scene {
    return this.#scene;
  }

  /** Shows other images. A new fixed or moving image has its own window, and a new grid its own centre. */
  show(scene: Scene): void {
    const before = this.#scene;
    const { fixed, moving } = scene;
    const grid = referenceGrid(scene);
    const changes: { -readonly [K in keyof ViewState]?: ViewState[K] } = {};
    if (fixed !== undefined && fixed !== before.fixed) {
      changes.fixedWindow = displayWindow(fixed.data);
    }
    if (moving !== undefined && moving !== before.moving) {
      changes.movingWindow = displayWindow(moving.data);
    }
    if (grid !== undefined && grid !== referenceGrid(before)) {
      changes.centre = grid.centre;
      changes.zoom = 1;
      changes.focus = grid.centre;
    }
    this.#scene = scene;
    // A picture of the earlier images is not finished.
    this.#drawing = undefined;
    for (const plane of this.#planes) plane.forget();
    this.change(changes);
  }

  /** Changes a part of the view. */
  change(changes: Partial<ViewState>): void {
    this.#view = { ...this.#view, ...changes };
    this.#onView(this.#view);
    this.redraw();
  }

  /** Magnifies around the point through which all slices go; a factor of 0 shows the whole slices again. */
  zoom(factor: number): void {
    const { centre, zoom } = this.#view;
    this.change({ zoom: limitedZoom(factor * zoom), focus: centre });
  }

  /** Moves the slice of a plane, by voxels towards right, front or head. */
  scroll(plane: Plane, slices: number): void {
    const grid = referenceGrid(this.#scene);
    if (grid === undefined) return;
    this.change({ centre: stepThrough(grid, this.#view.centre, THROUGH[plane], slices) });
  }

  /** Moves the slice of a plane to a share of the image, 0 (left, back or feet) to 1. */
  scrollTo(plane: Plane, share: number): void {
    const grid = referenceGrid(this.#scene);
    if (grid === undefined) return;
    const whole = Math.max(...grid.size);
    const first = stepThrough(grid, this.#view.centre, THROUGH[plane], -whole);
    const last = stepThrough(grid, this.#view.centre, THROUGH[plane], whole);
    const centre = first.map((v, axis) => v + share * (last[axis] - v)) as unknown as Triple;
    this.change({ centre: stepThrough(grid, centre, THROUGH[plane], 0) });
  }

  /** The place of a plane's slice in the image, 0 to 1. */
  share(plane: Plane): number {
    const grid = referenceGrid(this.#scene);
    if (grid === undefined) return 0.5;
    const whole = Math.max(...grid.size);
    const { centre } = this.#view;
    const first = stepThrough(grid, centre, THROUGH[plane], -whole);
    const last = stepThrough(grid, centre, THROUGH[plane], whole);
    const axis = THROUGH[plane];
    const length = last[axis] - first[axis];
    return length === 0 ? 0.5 : (centre[axis] - first[axis]) / length;
  }

  /** Draws from the next frame on, for a short time per frame, so that the page answers in between. */
  redraw(): void {
    for (const plane of this.#planes) this.#waiting.add(plane);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#onBusy(true);
    requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    const end = performance.now() + FRAME_MILLISECONDS;
    this.#isScheduled = false;
    do {
      if (this.#drawing === undefined) {
        const [plane] = this.#waiting;
        if (plane === undefined) {
          this.#onBusy(false);
          return;
        }
        this.#waiting.delete(plane);
        if (plane.canvas.clientWidth === 0) continue;
        this.#drawing = plane.draw(this.#scene, this.#view);
      }
      if (this.#drawing.next().done) this.#drawing = undefined;
    } while (performance.now() < end);
    this.#schedule();
  }

  #dragWindow(across: number, down: number): void {
    const { mode, fixedWindow, movingWindow } = this.#view;
    if (mode === "moving" || this.#scene.fixed === undefined) {
      this.change({ movingWindow: draggedWindow(movingWindow, across, down) });
    } else this.change({ fixedWindow: draggedWindow(fixedWindow, across, down) });
  }
}
