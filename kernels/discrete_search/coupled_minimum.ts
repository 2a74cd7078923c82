/**
 * Coupled convex optimisation of a discrete search (Siebert et al. 2021, as in ConvexAdam; Steinbruecker et al. 2009):
 * the displacement of each point minimises its costs and a coupling to a smooth field in turn with the smoothing of the
 * field, while the coupling grows.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { GpuBuffer } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { COUPLED_MINIMUM, MEAN_FIELD } from "./coupled_minimum.wgsl.ts";
import { displacementOf, type SearchWindow } from "./search_window.ts";

/** Options of {@link recordCoupledMinimum}. */
export interface CoupledMinimumOptions {
  /** Points along each axis. */
  readonly points: Triple;
  /** The displacements. */
  readonly window: SearchWindow;
  /** The weights of the coupling, one per iteration. */
  readonly couplings: readonly number[];
  /** The cost of any displacement but 0, in addition. */
  readonly motionCost: number;
  /** The costs of all displacements of all points. */
  readonly costs: GpuBuffer;
  /** Zeros; receives the smooth field, one vec4 (x, y, z, 0) per point in blocks. */
  readonly field: GpuBuffer;
  /** Scratch of the size of `field`. */
  readonly scratch: GpuBuffer;
}

/** Records the optimisation. */
export function recordCoupledMinimum(recorder: Recorder, options: CoupledMinimumOptions): void {
  const { points, window: { radius, rowQuads }, couplings, motionCost } = options;
  const { costs, field, scratch } = options;
  const workgroups = [Math.ceil(points[0] / 64), points[1], points[2]] as const;
  for (const coupling of couplings) {
    recorder.dispatch(COUPLED_MINIMUM, {
      parameters: { points, radius, rowQuads, coupling, motionCost },
      buffers: [costs, field, scratch],
      workgroups,
    });
    recorder.dispatch(MEAN_FIELD, {
      parameters: { points },
      buffers: [scratch, field],
      workgroups,
    });
  }
}

/** The plain twin: x, y, z of each point, in blocks. */
export function coupledMinimumReference(
  { points, window, couplings, motionCost, costs }: {
    readonly points: Triple;
    readonly window: SearchWindow;
    readonly couplings: readonly number[];
    readonly motionCost: number;
    readonly costs: ArrayLike<number>;
  },
): Float64Array {
  const [nx, ny, nz] = points;
  const perPoint = 4 * window.quads;
  let field = new Float64Array(3 * nx * ny * nz);
  for (const coupling of couplings) {
    const chosen = new Float64Array(field.length);
    for (let i = 0; i < nx * ny * nz; i++) {
      let best = Infinity;
      for (let cost = 0; cost < perPoint; cost++) {
        const displacement = displacementOf(window, cost);
        if (displacement === undefined) continue;
        const distance = displacement.reduce((sum, d, c) => sum + (d - field[3 * i + c]) ** 2, 0);
        const motion = displacement.some((d) => d !== 0) ? motionCost : 0;
        const value = costs[i * perPoint + cost] + coupling * distance + motion;
        if (value < best) {
          best = value;
          chosen.set(displacement, 3 * i);
        }
      }
    }
    field = meanFieldReference(chosen, points);
  }
  return field;
}

function meanFieldReference(field: Float64Array, [nx, ny, nz]: Triple): Float64Array<ArrayBuffer> {
  const clamped = (v: number, n: number) => Math.min(Math.max(v, 0), n - 1);
  const mean = new Float64Array(field.length);
  for (let i = 0; i < nx * ny * nz; i++) {
    const [x, y, z] = [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
    for (let k = 0; k < 27; k++) {
      const at = (clamped(z + Math.floor(k / 9) - 1, nz) * ny +
            clamped(y + Math.floor(k / 3) % 3 - 1, ny)) * nx + clamped(x + k % 3 - 1, nx);
      for (let c = 0; c < 3; c++) mean[3 * i + c] += field[3 * at + c] / 27;
    }
  }
  return mean;
}
