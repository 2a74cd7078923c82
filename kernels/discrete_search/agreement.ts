/**
 * The agreement of the two directions of a discrete search, before they are made inverse to each other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { interpolateClamped } from "../image/resample.ts";

/** A shorter displacement is none, blocks. */
const SHORTEST = 0.5;
/** The displacements of both directions agree if their sum is shorter, blocks. */
const LARGEST_SUM = 0.25;

/** Two fields in opposite directions, one vec4 (x, y, z, 0) per point in blocks. */
export interface BothDirections {
  /** Points along each axis. */
  readonly points: Triple;
  /** The displacements from the fixed to the moving image. */
  readonly forward: Float32Array;
  /** The displacements back. */
  readonly backward: Float32Array;
}

/**
 * The share of the displaced points whose displacement leads back to within a quarter of a block, from 0 to 1; 0 if no
 * point is displaced by half a block.
 */
export function agreementOf({ points, forward, backward }: BothDirections): number {
  const [nx, ny] = points;
  const components = [0, 1, 2].map((c) => backward.filter((_, i) => i % 4 === c));
  let displaced = 0;
  let agreeing = 0;
  for (let i = 0; i < forward.length / 4; i++) {
    const there = forward.subarray(4 * i, 4 * i + 3);
    if (Math.hypot(there[0], there[1], there[2]) < SHORTEST) continue;
    displaced++;
    const at: Triple = [
      i % nx + there[0],
      Math.floor(i / nx) % ny + there[1],
      Math.floor(i / (nx * ny)) + there[2],
    ];
    const sum = components.map((data, c) =>
      there[c] + interpolateClamped({ size: points, data }, at)
    );
    if (Math.hypot(sum[0], sum[1], sum[2]) < LARGEST_SUM) agreeing++;
  }
  return displaced === 0 ? 0 : agreeing / displaced;
}
