/**
 * The cost of a registration over its steps, as SVG.
 *
 * @module
 */

import type { RegisterImagesResult } from "../registration/register.ts";

/** The curve of one resolution level. */
export interface CostCurve {
  /** The name of the level. */
  readonly name: string;
  /** The cost at the start and after each step. */
  readonly costs: readonly number[];
}

const WIDTH = 220;
const HEIGHT = 110;
const LEFT = 54;
const TOP = 24;
const BOTTOM = 24;

/** The curves of a registration, coarse to fine; none after a rigid registration alone. */
export function costCurves(
  { deformable, mindGaussNewton }: Pick<RegisterImagesResult, "deformable" | "mindGaussNewton">,
): CostCurve[] {
  const name = (voxel: readonly number[], i: number) =>
    `Level ${i + 1}, voxels of ${voxel.map((mm) => mm.toFixed(1)).join(" x ")} mm`;
  if (deformable !== undefined) {
    return deformable.levels.map(({ voxel, costs }, i) => ({ name: name(voxel, i), costs }));
  }
  return mindGaussNewton?.levels.map(({ voxel, differences }, i) => ({
    name: name(voxel, i),
    costs: differences,
  })) ?? [];
}

/** One plot for each curve, since the costs of different levels cannot be compared. */
export function costPlots(curves: readonly CostCurve[]): string {
  return `<div class="costs">${curves.map(plot).join("")}</div>`;
}

/** The style of the plots. */
export const COST_STYLE = `
.costs { display: flex; flex-wrap: wrap; gap: 1rem; }
.costs svg { width: 17rem; height: auto; font: 11px system-ui, "DejaVu Sans", sans-serif; }
.costs polyline { fill: none; stroke: #1f5d9c; stroke-width: 1.5; }
.costs line { stroke: #9aa1ab; }
.costs text { fill: #3a404a; }
`;

function plot({ name, costs }: CostCurve): string {
  const low = Math.min(...costs);
  const high = Math.max(...costs);
  const last = Math.max(1, costs.length - 1);
  const range = high > low ? high - low : 1;
  const points = costs.map((cost, i) => {
    const x = LEFT + WIDTH * i / last;
    const y = TOP + HEIGHT * (high - cost) / range;
    return `${x.toFixed(1)},${y.toFixed(1)}`;
  });
  const bottom = TOP + HEIGHT;
  const label = (value: number, y: number) =>
    `<text x="${LEFT - 6}" y="${y}" text-anchor="end">${value.toPrecision(4)}</text>`;
  return `<svg viewBox="0 0 ${LEFT + WIDTH + 10} ${bottom + BOTTOM}" role="img">` +
    `<title>${name}: cost from ${high.toPrecision(4)} to ${costs.at(-1)?.toPrecision(4)}</title>` +
    `<text x="${LEFT}" y="12">${name}</text>` +
    `<line x1="${LEFT}" x2="${LEFT}" y1="${TOP}" y2="${bottom}"/>` +
    `<line x1="${LEFT}" x2="${LEFT + WIDTH}" y1="${bottom}" y2="${bottom}"/>` +
    label(high, TOP + 4) + label(low, bottom + 4) +
    `<text x="${LEFT}" y="${bottom + 16}">0</text>` +
    `<text x="${LEFT + WIDTH}" y="${bottom + 16}" text-anchor="end">${
      costs.length - 1
    } steps</text>` +
    `<polyline points="${points.join(" ")}"/></svg>`;
}
