/**
 * The controls of the viewer: buttons, sliders, windows and keys.
 *
 * @module
 */

import { displayWindow, type Plane } from "../pictures/slices.ts";
import { byId, make } from "./dom.ts";
import { markChosen, takeArrowKeys } from "./radio_group.ts";
import { type Scene, valueAt } from "../pictures/scene.ts";
import {
  CT_WINDOWS,
  type IntensityWindow,
  levelAndWidth,
  windowOf,
} from "./viewer/intensity_windows.ts";
import { type Mode, MODES, type ViewState } from "./viewer/view_state.ts";
import { PLANES, Viewer } from "./viewer/viewer.ts";

/** The names of the two images for people, and the part of the controls that they need. */
export interface ImageNames {
  /** The name of the image that stays as it is. */
  readonly fixed: string;
  /** The name of the other image. */
  readonly moving: string;
  /** True if the other image is warped, so that there are a state before, a grid and a Jacobian determinant. */
  readonly isWarped: boolean;
}

/** The names in a registration. */
export const REGISTRATION_NAMES: ImageNames = { fixed: "Fixed", moving: "Moving", isWarped: true };

const MODE_NAMES: Readonly<Record<Exclude<Mode, "fixed" | "moving">, string>> = {
  overlay: "Overlay",
  checkerboard: "Checkerboard",
  swipe: "Swipe",
  difference: "Difference",
  jacobian: "Jacobian",
};

/** The meaning of the slider in each mode that has one. */
const BLEND_NAMES: Readonly<Partial<Record<Mode, string>>> = {
  overlay: "Opacity",
  checkerboard: "Size of squares",
  swipe: "Position",
  jacobian: "Opacity",
};

const KEYS: readonly (readonly [string, string])[] = [
  [
    "1 ... 7",
    "fixed image or source, moving image or synthesis, overlay, checkerboard, swipe, difference, Jacobian",
  ],
  ["\u2191 \u2193", "one slice up or down in the plane with the focus; with Shift: 10 slices"],
  ["\u2190 \u2192", "less or more opacity, or the swipe's position"],
  ["b", "before or after the registration"],
  ["c", "contours of the labels, or of the fixed image without labels"],
  ["g", "deformed grid"],
  ["x", "crosshair"],
  ["+ \u2212", "magnify the slices around the crosshair, or less"],
  ["0", "whole slices"],
  ["m", "one plane alone, or all planes"],
  ["r", "register or synthesise"],
  ["?", "this list"],
  ["drag", "moves the point through which all slices go"],
  ["wheel", "scrolls through the slices"],
  ["Ctrl + wheel, two fingers", "magnifies at the pointer"],
  ["middle drag, two fingers", "moves the magnified slices"],
  ["right drag, Shift + drag", "changes the window: sideways its width, up and down its level"],
  ["double click", "one plane alone, or all planes"],
];

/** The factor of one press of a key. */
const ZOOM_STEP = 1.25;
const AUTOMATIC = "Automatic";
const OTHER = "Other";

/** The controls, and the viewer that they control. */
export class ViewControls {
  /** The viewer. */
  readonly viewer: Viewer;
  #chosen: Plane = "axial";
  #names = REGISTRATION_NAMES;

  /**
   * Wires the controls.
   *
   * @param onStart - The user presses the key that registers or synthesises.
   */
  constructor(onStart: () => void) {
    const canvasOf = (plane: Plane) => figureOf(plane).querySelector("canvas")!;
    this.viewer = new Viewer({
      canvases: {
        axial: canvasOf("axial"),
        coronal: canvasOf("coronal"),
        sagittal: canvasOf("sagittal"),
      },
      onView: (view) => this.#show(view),
      onBusy: (isBusy) => byId("planes").ariaBusy = String(isBusy),
      onMaximise: (plane) => this.#maximise(plane),
    });
    this.#makeModes();
    this.#makeWindows();
    this.#makePlanes();
    const { viewer } = this;
    byId<HTMLInputElement>("blend").addEventListener("input", (event) => {
      viewer.change({ blend: (event.target as HTMLInputElement).valueAsNumber });
    });
    const toggle = (id: string, key: "isAfter" | "hasContours" | "hasGrid" | "hasCrosshair") => {
      const box = byId<HTMLInputElement>(id);
      box.addEventListener("change", () => viewer.change({ [key]: box.checked }));
    };
    toggle("after", "isAfter");
    toggle("contours", "hasContours");
    toggle("grid", "hasGrid");
    toggle("crosshair", "hasCrosshair");
    this.#makeKeys(onStart);
    this.#show(viewer.view);
  }

  /** Shows images; the same images are not drawn again. */
  showScene(scene: Scene, names: ImageNames): void {
    const isOtherWork = names !== this.#names;
    this.#names = names;
    if (scene === this.viewer.scene) this.#show(this.viewer.view);
    else this.viewer.show(scene);
    if (!isOtherWork) return;
    const { mode, hasGrid } = this.viewer.view;
    this.viewer.change({
      mode: this.#lacks(mode) ? "fixed" : mode,
      hasGrid: hasGrid && names.isWarped,
    });
  }

  /** True if the images cannot be shown in this way. */
  #lacks(mode: Mode): boolean {
    const { fixed, moving, result } = this.viewer.scene;
    if (mode === "jacobian") return result === undefined;
    if (mode === "fixed") return false;
    return moving === undefined || (mode !== "moving" && fixed === undefined);
  }

  #show(view: ViewState): void {
    // The first call comes from the constructor of the viewer's own view.
    const { scene } = this.viewer;
    const hasResult = scene.result !== undefined;
    const names = this.#names;
    for (const button of byId("modes").querySelectorAll<HTMLButtonElement>("button")) {
      const mode = button.dataset.mode as Mode;
      markChosen(button, mode === view.mode);
      button.disabled = this.#lacks(mode);
      button.hidden = mode === "jacobian" && !names.isWarped;
      if (mode === "fixed" || mode === "moving") button.textContent = names[mode];
    }
    for (const which of ["fixed", "moving"] as const) {
      byId(`${which}-legend`).textContent = `${names[which]}: window`;
      byId(`${which}-preset`).ariaLabel = `Preset: ${names[which]}`;
    }
    const blendName = BLEND_NAMES[view.mode];
    byId("blend-label").hidden = blendName === undefined;
    byId("blend-name").textContent = view.mode === "overlay"
      ? `Opacity of ${names.moving.toLowerCase()}`
      : blendName ?? "";
    byId<HTMLInputElement>("blend").value = String(view.blend);
    const check = (id: string, isChecked: boolean, isDisabled: boolean) => {
      const box = byId<HTMLInputElement>(id);
      box.checked = isChecked;
      box.disabled = isDisabled;
    };
    check("after", view.isAfter && hasResult, !hasResult);
    check("contours", view.hasContours, false);
    check("grid", view.hasGrid, false);
    for (const id of ["after", "grid"]) byId(id).closest("label")!.hidden = !names.isWarped;
    check("crosshair", view.hasCrosshair, false);
    this.#showWindow("fixed", view.fixedWindow, scene.fixed?.data);
    this.#showWindow("moving", view.movingWindow, scene.moving?.data);
    for (const plane of PLANES) {
      const slider = figureOf(plane).querySelector("input")!;
      slider.value = String(this.viewer.share(plane));
    }
    this.#showValues(view);
  }

  #showWindow(
    which: "fixed" | "moving",
    window: IntensityWindow,
    data: Float32Array | undefined,
  ): void {
    byId(`${which}-preset`).closest("fieldset")!.hidden = data === undefined;
    if (data === undefined) return;
    const { level, width } = levelAndWidth(window);
    const digits = (value: number) => String(Number(value.toPrecision(4)));
    const write = (id: string, text: string) => {
      const field = byId<HTMLInputElement>(id);
      // A number is not rewritten while it is typed.
      if (document.activeElement !== field) field.value = text;
    };
    write(`${which}-level`, digits(level));
    write(`${which}-width`, digits(width));
    const isIt = (other: IntensityWindow) =>
      Math.abs(other[0] - window[0]) + Math.abs(other[1] - window[1]) < 1e-6 * Math.abs(width);
    const preset = [...CT_WINDOWS].find(([, other]) => isIt(other))?.[0];
    byId<HTMLSelectElement>(`${which}-preset`).value = preset ??
      (isIt(this.#automatic(which, data)) ? AUTOMATIC : OTHER);
  }

  readonly #automaticWindows = new WeakMap<Float32Array, IntensityWindow>();

  #automatic(_which: string, data: Float32Array): IntensityWindow {
    let window = this.#automaticWindows.get(data);
    if (window === undefined) {
      window = displayWindow(data);
      this.#automaticWindows.set(data, window);
    }
    return window;
  }

  #showValues(view: ViewState): void {
    const { scene } = this.viewer;
    const { fixed, moving, fixedLabels, movingLabels, result } = scene;
    const rows: [string, string][] = [];
    const text = (value: number | undefined) =>
      value === undefined ? "outside" : Number(value.toPrecision(5)).toString();
    if (fixed !== undefined || moving !== undefined) {
      const [x, y, z] = view.centre.map((mm) => mm.toFixed(1));
      rows.push(["Point (RAS)", `${x}, ${y}, ${z} mm`]);
    }
    const isAfter = view.isAfter && result !== undefined;
    const names = this.#names;
    if (fixed !== undefined) rows.push([names.fixed, text(valueAt(fixed, view.centre))]);
    if (moving !== undefined) {
      const shown = isAfter ? result.warped : moving;
      rows.push([
        isAfter ? `${names.moving}, warped` : names.moving,
        text(valueAt(shown, view.centre)),
      ]);
    }
    if (fixedLabels !== undefined) {
      rows.push(["Label, fixed", text(valueAt(fixedLabels, view.centre))]);
    }
    const labels = isAfter ? result.warpedLabels : movingLabels;
    if (labels !== undefined) rows.push(["Label, moving", text(valueAt(labels, view.centre))]);
    if (result !== undefined) {
      const components = result.field.components.map((data) =>
        valueAt({ grid: result.field.grid, data }, view.centre) ?? NaN
      );
      rows.push(["Displacement", `${Math.hypot(...components).toFixed(1)} mm`]);
      rows.push(["Jacobian", text(valueAt(result.jacobian, view.centre))]);
    }
    byId("values").querySelector("tbody")!.replaceChildren(
      ...rows.map(([name, value]) =>
        make("tr", {}, make("th", { textContent: name }), make("td", { textContent: value }))
      ),
    );
    byId("legend").replaceChildren(...this.#legend(view));
  }

  #legend(view: ViewState): (Node | string)[] {
    const parts: (Node | string)[] = [];
    const { fixed, moving, isWarped } = this.#names;
    const [first, second] = [fixed.toLowerCase(), moving.toLowerCase()];
    const key = (className: string) => make("span", { className: `key ${className}` });
    if (view.hasContours) {
      const hasLabels = this.viewer.scene.fixedLabels !== undefined ||
        this.viewer.scene.movingLabels !== undefined;
      if (hasLabels) {
        parts.push(key("fixed"), `labels of ${first}`, key("moving"), `labels of ${second}. `);
      } else parts.push(key("fixed"), `contours of ${first}. `);
    }
    if (view.mode === "difference") {
      parts.push(
        `Difference of the shown greys: orange where ${first} is brighter, blue where ${second} is. `,
      );
    }
    if (view.mode === "overlay") parts.push(`${fixed} is grey, ${second} is orange. `);
    if (view.mode === "swipe") {
      parts.push(`${fixed} is on the left of the line, ${second} on the right. `);
    }
    if (view.mode === "jacobian") {
      parts.push(
        "Blue: the map contracts. Red: it expands (full colour: a factor of 2). Magenta: it folds. ",
      );
    }
    if (view.hasGrid && isWarped) parts.push("The grid shows x + u(x), without the rigid part. ");
    return parts;
  }

  #makeModes(): void {
    const modes = byId("modes");
    takeArrowKeys(modes);
    for (const [index, mode] of MODES.entries()) {
      const button = make("button", {
        type: "button",
        role: "radio",
        textContent: mode === "fixed" || mode === "moving" ? this.#names[mode] : MODE_NAMES[mode],
        title: `Key ${index + 1}`,
      });
      button.dataset.mode = mode;
      button.addEventListener("click", () => this.#choose(mode));
      modes.append(button);
    }
  }

  /** Selects a mode if its button is enabled. */
  #choose(mode: Mode): void {
    if (!this.#lacks(mode)) this.viewer.change({ mode });
  }

  #makeWindows(): void {
    for (const which of ["fixed", "moving"] as const) {
      const property = which === "fixed" ? "fixedWindow" : "movingWindow";
      const select = byId<HTMLSelectElement>(`${which}-preset`);
      select.append(new Option(AUTOMATIC), new Option(OTHER));
      for (const name of CT_WINDOWS.keys()) select.append(new Option(`CT: ${name}`, name));
      select.addEventListener("change", () => {
        const data = this.viewer.scene[which]?.data;
        const window = CT_WINDOWS.get(select.value) ??
          (select.value === AUTOMATIC && data !== undefined
            ? this.#automatic(which, data)
            : undefined);
        if (window !== undefined) this.viewer.change({ [property]: window });
      });
      const level = byId<HTMLInputElement>(`${which}-level`);
      const width = byId<HTMLInputElement>(`${which}-width`);
      const read = () => {
        if (Number.isFinite(level.valueAsNumber) && width.valueAsNumber > 0) {
          const window = windowOf(level.valueAsNumber, width.valueAsNumber);
          this.viewer.change({ [property]: window });
        }
      };
      level.addEventListener("input", read);
      width.addEventListener("input", read);
    }
  }

  #makePlanes(): void {
    for (const plane of PLANES) {
      const figure = figureOf(plane);
      const slider = figure.querySelector("input")!;
      slider.addEventListener("input", () => this.viewer.scrollTo(plane, slider.valueAsNumber));
      figure.querySelector("canvas")!.addEventListener("focus", () => this.#chosen = plane);
      const tab = make("button", {
        type: "button",
        role: "tab",
        textContent: plane[0].toUpperCase() + plane.slice(1),
      });
      tab.dataset.plane = plane;
      tab.addEventListener("click", () => this.#chooseTab(plane));
      byId("tabs").append(tab);
    }
    this.#chooseTab("axial");
  }

  /** On a narrow screen one plane is shown. */
  #chooseTab(chosen: Plane): void {
    this.#chosen = chosen;
    for (const plane of PLANES) figureOf(plane).classList.toggle("chosen", plane === chosen);
    for (const tab of byId("tabs").querySelectorAll<HTMLButtonElement>("button")) {
      tab.ariaSelected = String(tab.dataset.plane === chosen);
    }
    this.viewer.redraw();
  }

  #maximise(plane: Plane): void {
    const planes = byId("planes");
    const isAlone = planes.dataset.alone === plane;
    for (const other of PLANES) {
      figureOf(other).classList.toggle("alone", !isAlone && other === plane);
    }
    if (isAlone) delete planes.dataset.alone;
    else planes.dataset.alone = plane;
    this.viewer.redraw();
  }

  #makeKeys(onStart: () => void): void {
    byId("key-table").querySelector("tbody")!.replaceChildren(
      ...KEYS.map(([key, text]) =>
        make("tr", {}, make("td", {}, make("kbd", { textContent: key })), make("td", {}, text))
      ),
    );
    const showKeys = () => byId<HTMLDialogElement>("keys").showModal();
    byId("show-keys").addEventListener("click", showKeys);
    const { viewer } = this;
    const blend = (change: number) =>
      viewer.change({ blend: Math.min(1, Math.max(0, viewer.view.blend + change)) });
    const actions: Readonly<Record<string, (event: KeyboardEvent) => void>> = {
      ArrowUp: (event) => viewer.scroll(this.#chosen, event.shiftKey ? 10 : 1),
      ArrowDown: (event) => viewer.scroll(this.#chosen, event.shiftKey ? -10 : -1),
      ArrowLeft: () => blend(-0.05),
      ArrowRight: () => blend(0.05),
      b: () => viewer.change({ isAfter: !viewer.view.isAfter }),
      c: () => viewer.change({ hasContours: !viewer.view.hasContours }),
      g: () => viewer.change({ hasGrid: this.#names.isWarped && !viewer.view.hasGrid }),
      x: () => viewer.change({ hasCrosshair: !viewer.view.hasCrosshair }),
      "+": () => viewer.zoom(ZOOM_STEP),
      "=": () => viewer.zoom(ZOOM_STEP),
      "-": () => viewer.zoom(1 / ZOOM_STEP),
      "0": () => viewer.zoom(0),
      m: () => this.#maximise(this.#chosen),
      r: onStart,
      "?": showKeys,
    };
    addEventListener("keydown", (event) => {
      const { target } = event;
      const isTyping = target instanceof HTMLElement &&
        target.closest("input, select, textarea") !== null;
      const isAsked = document.querySelector("dialog[open]") !== null;
      if (isTyping || isAsked || event.ctrlKey || event.metaKey || event.altKey) return;
      const mode = MODES[Number(event.key) - 1];
      if (mode !== undefined) this.#choose(mode);
      else if (actions[event.key] !== undefined) actions[event.key](event);
      else return;
      event.preventDefault();
    });
  }
}

function figureOf(plane: Plane): HTMLElement {
  return document.querySelector<HTMLElement>(`figure[data-plane="${plane}"]`)!;
}
