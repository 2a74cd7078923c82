/**
 * Pictures of a training: its losses as curves, and images with their syntheses.
 *
 * @module
 */

import { linePlot } from "../pictures/line_plot.ts";
import { type Colour, Picture, textWidth } from "../pictures/picture.ts";

/** The losses of one step: a line of `log.jsonl`. */
export type LoggedStep = Readonly<Record<string, number>>;

/** Reads a log; an incomplete last line is left out. */
export function parseLog(text: string): LoggedStep[] {
  const steps: LoggedStep[] = [];
  for (const line of text.split("\n")) {
    if (!line.endsWith("}")) continue;
    steps.push(JSON.parse(line));
  }
  return steps;
}

const PANELS = [
  {
    title: "Adversarial losses: 0.25 each is a draw",
    names: ["generatorCt", "generatorMr", "discriminatorCt", "discriminatorMr"],
    legend: ["G to CT", "G to MR", "D of CT", "D of MR"],
  },
  {
    title: "Cycle losses: mean difference after a cycle, of a range of 2",
    names: ["cycleCt", "cycleMr"],
    legend: ["CT-MR-CT", "MR-CT-MR"],
  },
] as const;

/** The losses over the steps, as running means. */
export function lossCurves(log: readonly LoggedStep[]): Picture {
  const window = Math.max(1, Math.round(log.length / 60));
  const x = log.map(({ step }) => step);
  const plots = PANELS.map(({ title, names, legend }) =>
    linePlot({
      title,
      x,
      xTitle: "step",
      lines: names.map((name, i) => ({
        name: legend[i],
        values: runningMean(log.map((step) => step[name]), window),
      })),
    })
  );
  const picture = new Picture(plots[0].width, plots.reduce((sum, { height }) => sum + height, 0));
  let rows = 0;
  for (const plot of plots) {
    picture.data.set(plot.data, 3 * rows * picture.width);
    rows += plot.height;
  }
  return picture;
}

/** Running means: element i is the mean of the last `window` values up to i. */
function runningMean(values: readonly number[], window: number): number[] {
  let sum = 0;
  return values.map((value, i) => {
    sum += value - (i >= window ? values[i - window] : 0);
    return sum / Math.min(window, i + 1);
  });
}

/** A picture's tile: a square image. */
export interface Tile {
  /** Rows and columns. */
  readonly size: number;
  /** Values in [-1, 1], row by row. */
  readonly values: ArrayLike<number>;
}

const GAP = 6;
const HEAD = 26;
const MIN_TILE = 150;
const BACKGROUND: Colour = [16, 16, 18];
const WHITE: Colour = [235, 235, 235];

/** Rows of images under column titles, each at least 150 pixels wide. */
export function tileStrip(
  titles: readonly string[],
  rows: readonly (readonly Tile[])[],
  caption = "",
): Picture {
  const size = Math.max(1, ...rows.flat().map((tile) => tile.size));
  const scale = Math.max(1, Math.ceil(MIN_TILE / size));
  const side = Math.max(size * scale, ...titles.map((title) => textWidth(title)));
  const picture = new Picture(
    GAP + titles.length * (side + GAP),
    HEAD + rows.length * (size * scale + GAP) + (caption === "" ? 0 : HEAD),
    BACKGROUND,
  );
  titles.forEach((title, i) =>
    picture.text(GAP + i * (side + GAP) + ((side - textWidth(title)) >> 1), 6, title, WHITE)
  );
  rows.forEach((row, r) =>
    row.forEach((tile, c) => {
      const left = GAP + c * (side + GAP) + ((side - size * scale) >> 1);
      draw(picture, tile, left, HEAD + r * (size * scale + GAP), scale);
    })
  );
  if (caption !== "") picture.text(GAP, picture.height - 20, caption, WHITE);
  return picture;
}

/** Draws a tile, each of its pixels `scale` wide. */
function draw(picture: Picture, tile: Tile, left: number, top: number, scale: number): void {
  for (let y = 0; y < tile.size * scale; y++) {
    for (let x = 0; x < tile.size * scale; x++) {
      const value = tile.values[Math.floor(y / scale) * tile.size + Math.floor(x / scale)];
      const grey = Math.round(Math.min(Math.max((value + 1) * 127.5, 0), 255));
      picture.set(left + x, top + y, [grey, grey, grey]);
    }
  }
}
