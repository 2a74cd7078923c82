/**
 * Line plots: curves over a common axis, with ticks and a legend.
 *
 * @module
 */

import { type Colour, Picture, textWidth } from "./picture.ts";

/** A curve. */
export interface PlotLine {
  /** The name in the legend. */
  readonly name: string;
  /** The values at `x`; values that are not finite leave a gap. */
  readonly values: ArrayLike<number>;
}

/** Options of {@link linePlot}. */
export interface LinePlotOptions {
  /** The title, a line at the top. */
  readonly title: string;
  /** The curves. Their maximum number is the number of colours. */
  readonly lines: readonly PlotLine[];
  /** The positions of the values, ascending. */
  readonly x: ArrayLike<number>;
  /** The title of the x axis. */
  readonly xTitle: string;
  /** Width in pixels. Default 900. */
  readonly width?: number | undefined;
  /** Height in pixels. Default 340. */
  readonly height?: number | undefined;
}

/** Colours that colour-blind readers can distinguish (Okabe and Ito 2008). */
export const LINE_COLOURS: readonly Colour[] = [
  [0, 114, 178],
  [213, 94, 0],
  [0, 158, 115],
  [204, 121, 167],
  [230, 159, 0],
  [86, 180, 233],
  [30, 30, 34],
];

const PAPER: Colour = [252, 252, 252];
const INK: Colour = [40, 40, 44];
const RULE: Colour = [222, 222, 222];
const LEFT = 86;
const RIGHT = 24;
const TOP = 66;
const BOTTOM = 52;

/** Round numbers that divide a range in 4 to 9 steps. */
export function ticks(low: number, high: number): number[] {
  const step = 10 ** Math.floor(Math.log10((high - low) / 4));
  const factor = [10, 5, 2, 1].find((f) => (high - low) / (f * step) >= 4) ?? 1;
  const found: number[] = [];
  for (
    let i = Math.ceil(low / (factor * step) - 1e-9);
    i * factor * step <= high * (1 + 1e-9);
    i++
  ) {
    found.push(i * factor * step);
  }
  return found;
}

/** Draws a plot whose vertical axis starts at 0. */
export function linePlot(options: LinePlotOptions): Picture {
  const { title, lines, x, xTitle, width = 900, height = 340 } = options;
  const picture = new Picture(width, height, PAPER);
  const all = lines.flatMap(({ values }) => Array.from(values).filter(Number.isFinite));
  const top = Math.max(1e-6, ...quantile(all));
  const last = Math.max(1, x[x.length - 1] ?? 1);
  const across = (value: number) => LEFT + value / last * (width - LEFT - RIGHT);
  const down = (value: number) =>
    height - BOTTOM - Math.min(value / top, 1.02) * (height - TOP - BOTTOM);
  for (const value of ticks(0, top)) {
    const y = Math.round(down(value));
    const label = Number(value.toPrecision(3)).toString();
    for (let i = LEFT; i < width - RIGHT; i++) picture.set(i, y, RULE);
    picture.text(LEFT - 8 - textWidth(label), y - 7, label, INK);
  }
  for (const value of ticks(0, last)) {
    const label = Number(value.toPrecision(6)).toString();
    const at = Math.round(across(value));
    for (let y = TOP; y < height - BOTTOM; y++) picture.set(at, y, RULE);
    picture.text(at - (textWidth(label) >> 1), height - BOTTOM + 8, label, INK);
  }
  picture.text(LEFT, 10, title, INK);
  picture.text((width - textWidth(xTitle)) >> 1, height - 20, xTitle, INK);
  let legend = LEFT;
  lines.forEach(({ name, values }, i) => {
    const colour = LINE_COLOURS[i % LINE_COLOURS.length];
    for (let dot = 0; dot < 18; dot++) {
      for (let thick = 0; thick < 4; thick++) picture.set(legend + dot, 43 + thick, colour);
    }
    picture.text(legend + 24, 38, name, INK);
    legend += 24 + textWidth(name) + 20;
    let before: [number, number] | undefined;
    for (let j = 0; j < values.length; j++) {
      const here: [number, number] | undefined = Number.isFinite(values[j])
        ? [across(x[j]), down(values[j])]
        : undefined;
      if (here !== undefined) segment(picture, before ?? here, here, colour);
      before = here;
    }
  });
  return picture;
}

/** A high percentile of the values instead of their maximum, so that a few outliers do not flatten the curves. */
function quantile(values: number[]): number[] {
  values.sort((a, b) => a - b);
  return values.length === 0 ? [] : [1.1 * values[Math.floor(0.995 * (values.length - 1))]];
}

function segment(
  picture: Picture,
  [x0, y0]: readonly [number, number],
  [x1, y1]: readonly [number, number],
  colour: Colour,
): void {
  const steps = Math.max(1, Math.ceil(Math.max(Math.abs(x1 - x0), Math.abs(y1 - y0))));
  for (let i = 0; i <= steps; i++) {
    const x = Math.round(x0 + (x1 - x0) * i / steps);
    const y = Math.round(y0 + (y1 - y0) * i / steps);
    picture.set(x, y, colour);
    picture.set(x, y + 1, colour);
  }
}
