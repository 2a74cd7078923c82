/**
 * The progress: a bar with a part for each level, and the curve of the cost.
 *
 * @module
 */

import { byId, make } from "./dom.ts";
import type { WorkProgress } from "./protocol.ts";

/** The cost at a step of a level. */
interface CostPoint {
  readonly level: number;
  readonly cost: number;
}

/** The number of levels that the bar has until it is known. */
const EXPECTED_LEVELS = 4;

/** The progress of one piece of work. */
export class ProgressPanel {
  readonly #panel = byId("progress");
  readonly #bar = byId("bar");
  readonly #stage = byId("stage");
  readonly #curve = byId<HTMLCanvasElement>("curve");
  #points: CostPoint[] = [];
  #parts: HTMLElement[] = [];
  #isDrawing = false;

  /** Shows the panel without progress. */
  begin(stage: string, isRegistration: boolean): void {
    this.#panel.hidden = false;
    this.#points = [];
    // The rigid part, the levels, and the results.
    this.#makeParts(isRegistration ? EXPECTED_LEVELS + 2 : 1);
    this.#stage.textContent = stage;
    this.#curve.hidden = true;
  }

  /** Shows progress. */
  update({ part, stage, level = 0, levels, share = 0, cost }: WorkProgress): void {
    this.#stage.textContent = stage;
    if (part === "level" && levels !== undefined && this.#parts.length !== levels + 2) {
      this.#makeParts(levels + 2);
    }
    const last = this.#parts.length - 1;
    const isFirst = part === "rigid" || part === "demo" || part === "synthesis";
    const current = isFirst ? 0 : part === "level" ? 1 + level : last;
    // The rigid registration goes through its own levels within its part.
    const done = part === "rigid" ? (level + share) / Math.max(1, levels ?? 1) : share;
    this.#parts.forEach((element, index) => {
      const value = index < current ? 1 : index > current ? 0 : done;
      element.style.setProperty("--share", value.toFixed(3));
    });
    const percent = 100 * (current + done) / this.#parts.length;
    this.#bar.setAttribute("aria-valuenow", percent.toFixed(0));
    if (cost !== undefined) {
      this.#points.push({ level, cost });
      this.#redraw();
    }
  }

  /** Shows the end of the work. */
  end(text: string): void {
    for (const element of this.#parts) element.style.setProperty("--share", "1");
    this.#bar.setAttribute("aria-valuenow", "100");
    this.#stage.textContent = text;
  }

  /** Draws the curve again, in other colours or in another size. */
  redraw(): void {
    this.#redraw();
  }

  /** Hides the panel. */
  hide(): void {
    this.#panel.hidden = true;
  }

  #makeParts(count: number): void {
    this.#parts = Array.from({ length: count }, () => make("span"));
    this.#bar.replaceChildren(...this.#parts);
  }

  #redraw(): void {
    if (this.#isDrawing) return;
    this.#isDrawing = true;
    requestAnimationFrame(() => {
      this.#isDrawing = false;
      if (this.#points.length > 1) this.#draw();
    });
  }

  #draw(): void {
    const canvas = this.#curve;
    canvas.hidden = false;
    const ratio = globalThis.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    const context = canvas.getContext("2d")!;
    context.scale(ratio, ratio);
    // The style sheet gives the colours of light and dark by these properties.
    const style = getComputedStyle(canvas);
    const top = 18;
    const bottom = height - 6;
    const across = (i: number) => 8 + i / Math.max(1, this.#points.length - 1) * (width - 16);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "top";
    let first = 0;
    while (first < this.#points.length) {
      const { level } = this.#points[first];
      let next = first;
      while (next < this.#points.length && this.#points[next].level === level) next++;
      // Each level has a scale of its own: the costs of different levels cannot be compared.
      const costs = this.#points.slice(first, next).map(({ cost }) => cost);
      const low = Math.min(...costs);
      const range = Math.max(...costs) - low || 1;
      if (first > 0) {
        context.fillStyle = style.borderTopColor;
        context.fillRect(across(first) - 1, 0, 1, height);
      }
      context.fillStyle = style.textDecorationColor;
      context.fillText(`level ${level + 1}`, across(first) + 5, 1);
      context.strokeStyle = style.color;
      context.lineWidth = 2;
      context.lineJoin = "round";
      context.beginPath();
      costs.forEach((cost, i) => {
        const y = bottom - (cost - low) / range * (bottom - top);
        if (i === 0) context.moveTo(across(first + i), y);
        else context.lineTo(across(first + i), y);
      });
      context.stroke();
      first = next;
    }
  }
}
