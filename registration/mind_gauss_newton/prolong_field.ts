/**
 * Dense displacement fields from one resolution level to the next.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import { scaleField } from "../../kernels/gauss_newton/symmetric_composition.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { GpuField } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import { resample } from "../../kernels/image/resample.ts";

/** The displacements of a level, in its voxels, on the grid of the next level, in the voxels of that. */
export function prolongField(gpu: Gpu, coarse: GpuField, size: Triple): GpuField {
  const factors = size.map((n, axis) => n === 1 ? 1 : (coarse.size[axis] - 1) / (n - 1));
  const [x, y, z] = factors;
  const matrix: Matrix4 = [x, 0, 0, 0, 0, y, 0, 0, 0, 0, z, 0, 0, 0, 0, 1];
  const owned = new Owned();
  try {
    const components = coarse.components.map((source) =>
      owned.add(resample(gpu, { source, size, matrix }))
    ) as unknown as GpuField["components"];
    return scaleField(
      gpu,
      { size, components, destroy: () => {} },
      factors.map((factor) => factor > 0 ? 1 / factor : 1) as unknown as Triple,
    );
  } finally {
    owned.destroy();
  }
}
