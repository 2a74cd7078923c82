/**
 * The cost of each displacement of each point of a discrete search.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { GpuBuffer } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { DISPLACEMENT_COSTS } from "./displacement_costs.wgsl.ts";
import type { PooledDescriptors } from "./pooled_descriptors.ts";
import { CHANNELS } from "./pooled_descriptors.wgsl.ts";
import { displacementOf, PADDING_COST, type SearchWindow } from "./search_window.ts";

/** The blocks between which displacements are searched. */
export interface SearchBlocks<Image> {
  /** Points along each axis. */
  readonly points: Triple;
  /** The image of the points. */
  readonly from: Image;
  /** The block of point (0, 0, 0) in `from`. */
  readonly fromOrigin: Triple;
  /** The image that is searched. */
  readonly to: Image;
  /** The block of point (0, 0, 0) in `to`, without a displacement. */
  readonly toOrigin: Triple;
  /** The displacements. */
  readonly window: SearchWindow;
}

/** Bytes of the costs of so many points. */
export function costBytes(points: number, { quads }: SearchWindow): number {
  return 16 * quads * points;
}

/** Records the costs, into a buffer of {@link costBytes}. */
export function recordDisplacementCosts(
  recorder: Recorder,
  blocks: SearchBlocks<PooledDescriptors>,
  costs: GpuBuffer,
): void {
  const { points, from, fromOrigin, to, toOrigin, window } = blocks;
  recorder.dispatch(DISPLACEMENT_COSTS, {
    parameters: {
      points,
      radius: window.radius,
      fromSize: from.size,
      rowQuads: window.rowQuads,
      fromOrigin,
      toSize: to.size,
      toOrigin,
    },
    buffers: [from.buffer, to.buffer, costs],
    workgroups: [Math.ceil(points[0] / 64), points[1], points[2]],
  });
}

/** The plain twin: the costs of all points, in the order of {@link SearchWindow}. */
export function displacementCostsReference(
  blocks: SearchBlocks<{ readonly size: Triple; readonly data: ArrayLike<number> }>,
): Float64Array {
  const { points, from, fromOrigin, to, toOrigin, window } = blocks;
  const [nx, ny, nz] = points;
  const perPoint = 4 * window.quads;
  const costs = new Float64Array(perPoint * nx * ny * nz).fill(PADDING_COST);
  const offsetOf = ({ size }: { readonly size: Triple }, at: readonly number[]) =>
    at.every((v, axis) => v >= 0 && v < size[axis])
      ? CHANNELS * ((at[2] * size[1] + at[1]) * size[0] + at[0])
      : undefined;
  for (let i = 0; i < nx * ny * nz; i++) {
    const point = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    const here = offsetOf(from, point.map((v, axis) => v + fromOrigin[axis]))!;
    const missing: number[] = [];
    let sum = 0;
    let number = 0;
    for (let cost = 0; cost < perPoint; cost++) {
      const displacement = displacementOf(window, cost);
      if (displacement === undefined) continue;
      const there = offsetOf(
        to,
        point.map((v, axis) => v + toOrigin[axis] + displacement[axis]),
      );
      if (there === undefined || from.data[here] < 0 || to.data[there] < 0) {
        missing.push(i * perPoint + cost);
        continue;
      }
      let value = 0;
      for (let c = 0; c < CHANNELS; c++) value += (from.data[here + c] - to.data[there + c]) ** 2;
      costs[i * perPoint + cost] = value;
      sum += value;
      number++;
    }
    for (const cost of missing) costs[cost] = sum / Math.max(number, 1);
  }
  return costs;
}
