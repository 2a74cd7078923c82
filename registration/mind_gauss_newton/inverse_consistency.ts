/**
 * The inverse consistency of two displacement fields, and their folds.
 *
 * @module
 */

import { type Matrix4, transformVector } from "../../volume/affine.ts";
import { composeFields, jacobianDeterminant } from "../../kernels/image/field_operations.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { downloadImage, type GpuField } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";

/** The error of one field as the inverse of another, over the voxels x with x + u1(x) inside the volume. */
export interface InverseConsistency {
  /** Mean of |u1(x) + u2(x + u1(x))|, mm. */
  readonly mean: number;
  /** 95th percentile of |u1(x) + u2(x + u1(x))|, mm. */
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
  const owned = new Owned();
  try {
    const composed = owned.add(composeFields(gpu, { first, second }));
    const [forward, error] = await Promise.all(
      [first, composed].map(({ components }) =>
        Promise.all(components.map((component) => downloadImage(gpu, component)))
      ),
    );
    const lengths = new Float32Array(forward[0].length);
    let count = 0;
    let sum = 0;
    for (let i = 0; i < forward[0].length; i++) {
      const at = [
        i % size[0],
        Math.floor(i / size[0]) % size[1],
        Math.floor(i / (size[0] * size[1])),
      ];
      if (at.some((v, c) => v + forward[c][i] < 0 || v + forward[c][i] > size[c] - 1)) continue;
      lengths[count] = Math.hypot(
        ...transformVector(affine, [error[0][i], error[1][i], error[2][i]]),
      );
      sum += lengths[count++];
    }
    const sorted = lengths.subarray(0, count).sort();
    return {
      mean: count === 0 ? 0 : sum / count,
      percentile95: sorted[Math.floor(0.95 * (count - 1))] ?? 0,
    };
  } finally {
    owned.destroy();
  }
}

/** The number of voxels at which a field's Jacobian determinant is 0 or less. */
export async function foldedVoxels(gpu: Gpu, field: GpuField): Promise<number> {
  const owned = new Owned();
  try {
    const values = await downloadImage(gpu, owned.add(jacobianDeterminant(gpu, { field })));
    return values.reduce((count, j) => count + (j > 0 ? 0 : 1), 0);
  } finally {
    owned.destroy();
  }
}
