/**
 * The viewer in the report of a registration: layers in three planes that a reader lays over each other. It works
 * without a network, and without scripts it shows the middle slices.
 *
 * @module
 */

import { pngAddress } from "./html.ts";
import type { PlaneLayers, SliceLayers } from "./case_layers.ts";

/** The style of the viewer. */
export const VIEWER_STYLE = `
.viewer { --share: .5; }
.controls { display: flex; flex-wrap: wrap; gap: .4rem 1.2rem; align-items: center; margin-bottom: .6rem; }
.controls label { white-space: nowrap; }
.planes { display: flex; flex-wrap: wrap; gap: 1rem; align-items: flex-start; }
.planes figure { margin: 0; min-width: min(9rem, 100%); }
.planes figcaption { display: flex; justify-content: space-between; gap: 1rem; }
.planes figcaption input { flex: 0 1 8rem; min-width: 0; }
.stack { display: grid; background: #101012; overflow: hidden; }
.stack[hidden] { display: none; }
.stack img { position: relative; grid-area: 1 / 1; width: 100%; height: auto; display: block; }
.viewer .before, .viewer .jacobian, .viewer .grid, .viewer[data-state=before] .after { visibility: hidden; }
.viewer[data-state=before] .before { visibility: visible; }
.viewer:not([data-contours]) .contours, .viewer:not([data-grid]) .grid { visibility: hidden; }
.viewer[data-grid][data-state=after] .grid { visibility: visible; }
.viewer[data-contours][data-state=after] .contours.before { visibility: hidden; }
.viewer[data-contours][data-state=before] .contours.before { visibility: visible; }
.viewer[data-mode=overlay] .image { opacity: var(--share); }
.viewer[data-mode=swipe] .image { clip-path: inset(0 0 0 calc(100% * var(--share))); }
.viewer[data-mode=checkerboard] .image {
  -webkit-mask: conic-gradient(#000 25%, #0000 0 50%, #000 0 75%, #0000 0) 0 0 / 5rem 5rem;
  mask: conic-gradient(#000 25%, #0000 0 50%, #000 0 75%, #0000 0) 0 0 / 5rem 5rem; }
.viewer[data-mode=fixed] .image { visibility: hidden; }
.viewer[data-mode=jacobian] .image { visibility: hidden; }
.viewer[data-mode=jacobian] .jacobian { visibility: visible; opacity: var(--share); }
`;

/** The script of the viewer. */
export const VIEWER_SCRIPT = `
for (const viewer of document.querySelectorAll(".viewer")) {
  const data = viewer.dataset;
  viewer.querySelector(".controls").hidden = false;
  const share = viewer.querySelector("[name=share]");
  const hasShare = () => share.disabled = !["overlay", "swipe", "jacobian"].includes(data.mode);
  viewer.querySelector("[name=mode]").onchange = (event) => { data.mode = event.target.value; hasShare(); };
  share.oninput = () => viewer.style.setProperty("--share", share.value);
  const state = viewer.querySelector("[name=state]");
  state.onchange = () => data.state = state.checked ? "before" : "after";
  for (const name of ["contours", "grid"]) {
    viewer.querySelector("[name=" + name + "]").onchange = (event) => viewer.toggleAttribute("data-" + name, event.target.checked);
  }
  for (const figure of viewer.querySelectorAll("figure")) {
    const slider = figure.querySelector("input");
    const stacks = figure.querySelectorAll(".stack");
    slider.hidden = false;
    slider.oninput = () => stacks.forEach((stack, i) => stack.hidden = i !== Number(slider.value));
    slider.oninput();
  }
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "b" || event.target.tagName === "SELECT") return;
    state.checked = !state.checked;
    state.onchange();
  });
}
`;

/** Without it browsers restore the controls of a page that is opened again, but not what they show. */
const NOT_RESTORED = 'autocomplete="off"';

/** The HTML of the viewer. */
export function caseViewer(planes: readonly PlaneLayers[]): string {
  return `<div class="viewer" data-mode="overlay" data-state="after" data-contours>
<div class="controls" hidden>
<label>Show <select name="mode" ${NOT_RESTORED}><option value="overlay">overlay</option><option value="swipe">swipe</option>` +
    `<option value="checkerboard">checkerboard</option><option value="fixed">fixed image</option>` +
    `<option value="jacobian">Jacobian determinant</option></select></label>
<label>Moving image <input type="range" name="share" ${NOT_RESTORED} min="0" max="1" step="0.01" value="0.5"></label>
<label><input type="checkbox" name="state" ${NOT_RESTORED}> before the registration (key B)</label>
<label><input type="checkbox" name="contours" ${NOT_RESTORED} checked> contours</label>
<label><input type="checkbox" name="grid" ${NOT_RESTORED}> deformed grid</label>
</div>
<div class="planes">${planes.map(planeFigure).join("\n")}</div>
</div>`;
}

function planeFigure({ plane, slices }: PlaneLayers): string {
  const middle = slices.length >> 1;
  const slider =
    `<input type="range" ${NOT_RESTORED} min="0" max="${slices.length - 1}" step="1" ` +
    `value="${middle}" aria-label="${plane} slice" hidden>`;
  const stacks = slices.map((layers, i) => stack(layers, i !== middle)).join("");
  // In proportion to their widths, so that all planes have one scale.
  const { width } = slices[middle];
  return `<figure style="flex: ${width} 1 0; max-width: ${
    1.6 * width
  }px"><figcaption>${plane}${slider}</figcaption>${stacks}</figure>`;
}

function stack(layers: SliceLayers, isHidden: boolean): string {
  const { width, height } = layers;
  const layer = (kind: string, alt: string, png: Uint8Array | undefined) =>
    png === undefined
      ? ""
      : `<img class="${kind}" alt="${alt}" width="${width}" height="${height}" src="${
        pngAddress(png)
      }">`;
  return `<div class="stack"${isHidden ? " hidden" : ""}>` +
    layer("fixed", "fixed image", layers.fixed) +
    layer("image before", "moving image before the registration", layers.before) +
    layer("image after", "moving image after the registration", layers.after) +
    layer("jacobian", "Jacobian determinant", layers.jacobian) +
    layer("grid", "", layers.grid) +
    layer("contours", "", layers.fixedContours) +
    layer("contours before", "", layers.beforeContours) +
    layer("contours after", "", layers.afterContours) +
    "</div>";
}
