/**
 * Box plots as SVG, for a page.
 *
 * @module
 */

import { escapeXml } from "../host/escape_xml.ts";

/** The values of one method, which are drawn as one box. */
export interface BoxGroup {
  /** The name of the method. */
  readonly name: string;
  /** The values. */
  readonly values: readonly number[];
}

/** Options of {@link boxPlot}. */
export interface BoxPlotOptions {
  /** The title, a line at the top. */
  readonly title: string;
  /** The boxes, from left to right. */
  readonly groups: readonly BoxGroup[];
  /** The unit of the values. */
  readonly unit: string;
  /** Minimum and maximum of the axis. */
  readonly range: readonly [number, number];
}

/** Quartiles and whiskers (the outermost values within 1.5 interquartile ranges; Tukey 1977). */
export function boxOf(values: readonly number[]): {
  readonly quartiles: readonly [number, number, number];
  readonly whiskers: readonly [number, number];
  readonly outliers: readonly number[];
} {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number) => {
    const place = fraction * (sorted.length - 1);
    const low = Math.floor(place);
    return sorted[low] + (place - low) * ((sorted[low + 1] ?? sorted[low]) - sorted[low]);
  };
  const quartiles = [at(0.25), at(0.5), at(0.75)] as const;
  const reach = 1.5 * (quartiles[2] - quartiles[0]);
  const isInside = (value: number) =>
    value >= quartiles[0] - reach && value <= quartiles[2] + reach;
  const inside = sorted.filter(isInside);
  return {
    quartiles,
    whiskers: [inside[0], inside[inside.length - 1]],
    outliers: sorted.filter((value) => !isInside(value)),
  };
}

const WIDTH = 46;
const LEFT = 46;
const TOP = 34;
const HEIGHT = 190;
const BOTTOM = 118;

/** Draws the boxes. The place of a group without values stays empty. */
export function boxPlot({ title, groups, unit, range: [low, high] }: BoxPlotOptions): string {
  const width = LEFT + groups.length * WIDTH + 10;
  const height = TOP + HEIGHT + BOTTOM;
  const y = (value: number) =>
    TOP + HEIGHT * (high - Math.min(Math.max(value, low), high)) / (high - low);
  const parts: string[] = [];
  for (let i = 0; i <= 5; i++) {
    const value = low + (high - low) * i / 5;
    const at = y(value).toFixed(1);
    parts.push(`<line class="rule" x1="${LEFT}" x2="${width - 10}" y1="${at}" y2="${at}"/>`);
    parts.push(
      `<text class="tick" x="${LEFT - 6}" y="${at}" text-anchor="end" dy="4">${value}</text>`,
    );
  }
  groups.forEach(({ name, values }, i) => {
    const x = LEFT + i * WIDTH + WIDTH / 2;
    const label = `translate(${x + 4} ${TOP + HEIGHT + 10}) rotate(-55)`;
    parts.push(
      `<text class="tick" transform="${label}" text-anchor="end">${escapeXml(name)}</text>`,
    );
    if (values.length === 0) return;
    const { quartiles: [q1, median, q3], whiskers, outliers } = boxOf(values);
    const line = (a: number, b: number) =>
      `<line class="whisker" x1="${x}" x2="${x}" y1="${y(a).toFixed(1)}" y2="${y(b).toFixed(1)}"/>`;
    parts.push(line(whiskers[0], q1), line(q3, whiskers[1]));
    parts.push(
      `<rect class="box" x="${x - 13}" y="${y(q3).toFixed(1)}" width="26" height="${
        Math.max(1, y(q1) - y(q3)).toFixed(1)
      }"/>`,
    );
    const at = y(median).toFixed(1);
    parts.push(`<line class="median" x1="${x - 13}" x2="${x + 13}" y1="${at}" y2="${at}"/>`);
    for (const value of outliers) {
      parts.push(`<circle class="outlier" cx="${x}" cy="${y(value).toFixed(1)}" r="2.5"/>`);
    }
  });
  return `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}">` +
    `<text class="title" x="${LEFT}" y="18">${escapeXml(title)}, ${escapeXml(unit)}</text>` +
    parts.join("") + "</svg>";
}
