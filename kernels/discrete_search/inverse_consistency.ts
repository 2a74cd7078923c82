/**
 * Two displacement fields in opposite directions, made inverse to each other in small steps.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { GpuBuffer } from "../gpu/gpu.ts";
import { interpolateClamped } from "../image/resample.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { HALFWAY_TO_INVERSE } from "./inverse_consistency.wgsl.ts";

/** Options of {@link recordInverseConsistency}. */
export interface InverseConsistencyOptions {
  /** Points along each axis. */
  readonly points: Triple;
  /** Number of steps, an even number. */
  readonly steps: number;
  /** Both fields, one vec4 (x, y, z, 0) per point in blocks; they receive the result. */
  readonly fields: readonly [GpuBuffer, GpuBuffer];
  /** Scratch of the same size. */
  readonly scratch: readonly [GpuBuffer, GpuBuffer];
}

/** Records steps that replace each field by the mean of it and the inverse of the other one (Heinrich et al. 2013). */
export function recordInverseConsistency(
  recorder: Recorder,
  { points, steps, fields, scratch }: InverseConsistencyOptions,
): void {
  for (let step = 0; step < steps; step++) {
    const [from, into] = step % 2 === 0 ? [fields, scratch] : [scratch, fields];
    for (const [one, other] of [[0, 1], [1, 0]]) {
      recorder.dispatch(HALFWAY_TO_INVERSE, {
        parameters: { points },
        buffers: [from[one], from[other], into[one]],
        workgroups: [Math.ceil(points[0] / 64), points[1], points[2]],
      });
    }
  }
}

/** The plain twin, of fields with x, y, z of each point. */
export function inverseConsistencyReference(
  points: Triple,
  steps: number,
  fields: readonly [Float64Array, Float64Array],
): [Float64Array, Float64Array] {
  const halfway = (field: Float64Array, other: Float64Array) => {
    const components = [0, 1, 2].map((c) => other.filter((_, i) => i % 3 === c));
    return field.map((u, i) => {
      const k = Math.floor(i / 3);
      const at: Triple = [
        k % points[0] + field[3 * k],
        Math.floor(k / points[0]) % points[1] + field[3 * k + 1],
        Math.floor(k / (points[0] * points[1])) + field[3 * k + 2],
      ];
      return 0.5 * (u - interpolateClamped({ size: points, data: components[i % 3] }, at));
    });
  };
  let [u, v] = fields;
  for (let step = 0; step < steps; step++) [u, v] = [halfway(u, v), halfway(v, u)];
  return [u, v];
}
