/**
 * The smoothing of the costs of a discrete search over neighbouring points: points that lie close together should prefer
 * the same displacements.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { GpuBuffer } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { SMOOTH_COSTS } from "./smooth_costs.wgsl.ts";

/** Options of {@link recordSmoothCosts}. */
export interface SmoothCostsOptions {
  /** Points along each axis. */
  readonly points: Triple;
  /** Quads of costs per point. */
  readonly quads: number;
  /** The costs. They are overwritten. */
  readonly costs: GpuBuffer;
  /** Receives the result; as large as `costs`. */
  readonly smoothed: GpuBuffer;
}

/** Records the smoothing along x, y and z. */
export function recordSmoothCosts(
  recorder: Recorder,
  { points: [nx, ny, nz], quads, costs, smoothed }: SmoothCostsOptions,
): void {
  const passes = [
    { inner: quads, number: nx, outer: ny * nz, from: costs, into: smoothed },
    { inner: quads * nx, number: ny, outer: nz, from: smoothed, into: costs },
    { inner: quads * nx * ny, number: nz, outer: 1, from: costs, into: smoothed },
  ];
  for (const { inner, number, outer, from, into } of passes) {
    recorder.dispatch(SMOOTH_COSTS, {
      parameters: { inner, number },
      buffers: [from, into],
      workgroups: [Math.ceil(inner / 64), number, outer],
    });
  }
}

/** The plain twin: a copy of the costs, smoothed along x, y and z. */
export function smoothCostsReference(
  costs: ArrayLike<number>,
  points: Triple,
  perPoint: number,
): Float64Array {
  let values = Float64Array.from(costs);
  let stride = perPoint;
  for (const number of points) {
    const step = stride;
    const source = values;
    values = source.map((_, i) => {
      const here = Math.floor(i / step) % number;
      const at = (k: number) =>
        source[i + (Math.min(Math.max(here + k, 0), number - 1) - here) * step];
      return (at(-2) + at(2) + 4 * (at(-1) + at(1)) + 6 * at(0)) / 16;
    });
    stride *= number;
  }
  return values;
}
