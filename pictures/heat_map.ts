/**
 * Heat maps: a table of numbers as coloured cells with the numbers written in them.
 *
 * @module
 */

import { type Colour, Picture, textWidth } from "./picture.ts";

/** An axis of a heat map. */
export interface HeatMapAxis {
  /** The axis' title. */
  readonly title: string;
  /** The labels of the axis' values. */
  readonly labels: readonly string[];
}

/** Options of {@link heatMap}. */
export interface HeatMapOptions {
  /** The title, a line at the top. */
  readonly title: string;
  /** The axis from top to bottom. */
  readonly rows: HeatMapAxis;
  /** The axis from left to right. */
  readonly columns: HeatMapAxis;
  /** The numbers, row by row; null for an empty cell. */
  readonly values: readonly (readonly (number | null)[])[];
  /** The numbers of the first and the last colour. */
  readonly range: readonly [low: number, high: number];
  /** Formats a number. */
  readonly format: (value: number) => string;
  /** Row and column of the cell that is marked by a frame. */
  readonly marked?: readonly [row: number, column: number] | undefined;
  /** Notes, lines at the bottom. */
  readonly captions?: readonly string[] | undefined;
}

const CELL = { width: 104, height: 56 };
const GAP = 2;
const MARGIN = 20;
const BAR = 22;
const LINE = 22;
const FRAME = 4;
const BACKGROUND: Colour = [250, 250, 250];
const INK: Colour = [30, 30, 34];
const PALE: Colour = [245, 245, 245];
const NOTHING: Colour = [205, 205, 205];
const MARK: Colour = [225, 30, 30];

/** The colours from low to high. Their lightness rises evenly, so that the map is readable in grey and for colour-blind readers. */
const COLOURS: readonly Colour[] = [
  [52, 16, 82],
  [62, 56, 132],
  [50, 94, 142],
  [36, 130, 140],
  [42, 164, 120],
  [124, 196, 80],
  [248, 228, 60],
];

/** The colour of a number between 0 and 1. */
export function heatColour(fraction: number): Colour {
  const at = Math.min(Math.max(fraction, 0), 1) * (COLOURS.length - 1);
  const low = Math.min(Math.floor(at), COLOURS.length - 2);
  const t = at - low;
  const channel = (c: 0 | 1 | 2) => Math.round((1 - t) * COLOURS[low][c] + t * COLOURS[low + 1][c]);
  return [channel(0), channel(1), channel(2)];
}

/** Draws a heat map. */
export function heatMap(options: HeatMapOptions): Picture {
  const { title, rows, columns, values, range, format, marked, captions = [] } = options;
  const rowLabel = Math.max(textWidth(rows.title), ...rows.labels.map((t) => textWidth(t))) + 12;
  const left = MARGIN + rowLabel;
  const top = MARGIN + 2 * LINE + 2 * LINE;
  const across = columns.labels.length * (CELL.width + GAP) - GAP;
  const down = rows.labels.length * (CELL.height + GAP) - GAP;
  const barLeft = left + across + 28;
  const barLabel = Math.max(...range.map((value) => textWidth(format(value))));
  const headings = [title, ...captions].map((text) => MARGIN + textWidth(text));
  const right = Math.max(
    barLeft + BAR + 8 + barLabel,
    ...headings,
    left + textWidth(columns.title),
  );
  const height = top + down + MARGIN + captions.length * LINE + (captions.length > 0 ? 10 : 0);
  const picture = new Picture(right + MARGIN, height, BACKGROUND);

  picture.text(MARGIN, MARGIN, title, INK);
  centred(picture, left + across / 2, MARGIN + 2 * LINE, columns.title, INK);
  columns.labels.forEach((text, i) =>
    centred(picture, left + i * (CELL.width + GAP) + CELL.width / 2, top - LINE, text, INK)
  );
  picture.text(left - 12 - textWidth(rows.title), top - LINE, rows.title, INK);
  rows.labels.forEach((text, i) => {
    const y = top + i * (CELL.height + GAP) + CELL.height / 2 - 7;
    picture.text(left - 12 - textWidth(text), y, text, INK);
  });

  values.forEach((row, r) =>
    row.forEach((value, c) => {
      const x = left + c * (CELL.width + GAP);
      const y = top + r * (CELL.height + GAP);
      const colour = value === null ? NOTHING : heatColour(fractionOf(value, range));
      fill(picture, x, y, CELL.width, CELL.height, colour);
      const ink = lightness(colour) > 0.55 ? INK : PALE;
      const text = value === null ? "-" : format(value);
      centred(picture, x + CELL.width / 2, y + CELL.height / 2 - 7, text, ink);
    })
  );
  if (marked !== undefined) {
    const [row, column] = marked;
    const x = left + column * (CELL.width + GAP);
    const y = top + row * (CELL.height + GAP);
    frame(picture, x - FRAME, y - FRAME, CELL.width + 2 * FRAME, CELL.height + 2 * FRAME, FRAME);
  }

  for (let y = 0; y < down; y++) {
    fill(picture, barLeft, top + y, BAR, 1, heatColour(1 - y / Math.max(1, down - 1)));
  }
  picture.text(barLeft + BAR + 8, top, format(range[1]), INK);
  picture.text(barLeft + BAR + 8, top + down - 14, format(range[0]), INK);
  captions.forEach((text, i) =>
    picture.text(MARGIN, top + down + MARGIN + 4 + i * LINE, text, INK)
  );
  return picture;
}

function fractionOf(value: number, [low, high]: readonly [number, number]): number {
  return high > low ? (value - low) / (high - low) : 0.5;
}

/** Relative luminance, 0 to 1, computed from the gamma-encoded values. */
function lightness([r, g, b]: Colour): number {
  return (0.299 * r + 0.587 * g + 0.114 * b) / 255;
}

function centred(picture: Picture, x: number, y: number, text: string, colour: Colour): void {
  // The gap after the last letter is not visible.
  picture.text(Math.round(x - (textWidth(text) - 2) / 2), y, text, colour);
}

function fill(
  picture: Picture,
  left: number,
  top: number,
  width: number,
  height: number,
  colour: Colour,
): void {
  for (let y = top; y < top + height; y++) {
    for (let x = left; x < left + width; x++) picture.set(x, y, colour);
  }
}

function frame(
  picture: Picture,
  x: number,
  y: number,
  width: number,
  height: number,
  thickness: number,
): void {
  fill(picture, x, y, width, thickness, MARK);
  fill(picture, x, y + height - thickness, width, thickness, MARK);
  fill(picture, x, y, thickness, height, MARK);
  fill(picture, x + width - thickness, y, thickness, height, MARK);
}
