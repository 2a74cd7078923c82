/**
 * How well two displacement fields undo each other, and where they fold.
 *
 * @module
 */

import { type Matrix4, transformVector } from "../../volume/affine.ts";
import { composeFields, jacobianDeterminant } from "../../kernels/image/field_operations.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { downloadImage, type GpuField } from "../../kernels/gpu/image.ts";

/** How far there and back again leads from where one was. */
export interface InverseConsistency {
  /** Mean of |u1(x) + u2(x + u1(x))| over the voxels x with x + u1(x) inside the volume, mm. */
  readonly mean: number;
  /** Its 95th percentile, mm. */
  readonly percentile95: number;
}

/**
 * The inverse consistency of two fields on one grid.
 *
 * @param affine - The grid's matrix, voxels to mm.
 */
export async function inverseConsistency(
  gpu: Gpu,
  first: GpuField,
  second: GpuField,
  affine: Matrix4,
): Promise<InverseConsistency> {
  const { size } = first;
  const composed = composeFields(gpu, { first, second });
  const [there, back] = await Promise.all(
    [first, composed].map(({ components }) =>
      Promise.all(components.map((component) => downloadImage(gpu, component)))
    ),
  );
  composed.destroy();
  const lengths = new Float32Array(there[0].length);
  let count = 0;
  let sum = 0;
  for (let i = 0; i < there[0].length; i++) {
    const at = [
      i % size[0],
      Math.floor(i / size[0]) % size[1],
      Math.floor(i / (size[0] * size[1])),
    ];
    if (at.some((v, c) => v + there[c][i] < 0 || v + there[c][i] > size[c] - 1)) continue;
    lengths[count] = Math.hypot(...transformVector(affine, [back[0][i], back[1][i], back[2][i]]));
    sum += lengths[count++];
  }
  const sorted = lengths.subarray(0, count).sort();
  return {
    mean: count === 0 ? 0 : sum / count,
    percentile95: sorted[Math.floor(0.95 * (count - 1))] ?? 0,
  };
}

/** Voxels at which a field's Jacobian determinant is 0 or less. */
export async function foldedVoxels(gpu: Gpu, field: GpuField): Promise<number> {
  const determinant = jacobianDeterminant(gpu, { field });
  const values = await downloadImage(gpu, determinant);
  determinant.destroy();
  return values.reduce((count, j) => count + (j > 0 ? 0 : 1), 0);
}
