/**
 * The Gauss-Newton equations of a dense displacement: at every voxel, the structure tensor of the
 * derivatives of a residual and the product of the residual and its derivatives, both smoothed over a small
 * neighbourhood (Heinrich et al. 2012, section 3.3).
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import {
  boardPlaneBytes,
  boardPlanes,
  type Checkerboard,
  createCheckerboard,
  toCheckerboard,
} from "./checkerboard.ts";
import { gaussianSmooth, gaussianSmoothReference } from "../image/gaussian.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import { MULTIPLY_IMAGES, RIGHT_HAND_SIDE } from "./normal_equations.wgsl.ts";
import { cutSlabs, imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** Numbers per voxel: xx, xy, xz, yy, yz, zz of the tensor, then x, y, z of the right-hand side. */
export const ENTRIES = 9;
/** The two factors of each entry: 0, 1, 2 are the derivatives along x, y, z, 3 is the residual. */
const FACTORS = [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2], [0, 3], [1, 3], [2, 3]] as const;

/** Options of {@link normalEquations}. */
export interface NormalEquationsOptions {
  /** The residual r. */
  readonly residual: GpuImage;
  /** The derivatives of r with respect to the displacement along x, y, z in voxels. */
  readonly derivatives: readonly [GpuImage, GpuImage, GpuImage];
  /** Standard deviation of the smoothing, voxels. */
  readonly sigma: number;
}

/**
 * The equations A (u - u0) = -b of every voxel, with A = G * (dr dr^T) and b = G * (r dr), where G is a
 * Gaussian: a checkerboard with {@link ENTRIES} entries. The caller destroys it.
 */
export function normalEquations(gpu: Gpu, options: NormalEquationsOptions): Checkerboard {
  const { residual, derivatives, sigma } = options;
  const { size } = residual;
  const images = [...derivatives, residual];
  return Owned.build((owned) => {
    const equations = owned.add(createCheckerboard(gpu, "normal equations", size, ENTRIES));
    for (const [entry, [a, b]] of FACTORS.entries()) {
      const scratch = new Owned();
      try {
        const product = scratch.add(multiplyImages(gpu, images[a], images[b]));
        const smooth = gaussianSmooth(gpu, { source: product, sigma: [sigma, sigma, sigma] });
        toCheckerboard(gpu, scratch.add(smooth), equations, entry);
      } finally {
        scratch.destroy();
      }
    }
    return equations;
  });
}

function multiplyImages(gpu: Gpu, a: GpuImage, b: GpuImage): GpuImage {
  return Owned.build((owned) => {
    const product = owned.add(createImage(gpu, "product", a.size));
    const recorder = gpu.record("multiply images");
    for (const { begin, end } of imageSlabs(gpu, a.size)) {
      const quads = (end - begin) * a.pitch * a.size[1] / 4;
      const { workgroups, stride } = flatWorkgroups(quads);
      recorder.dispatch(MULTIPLY_IMAGES, {
        parameters: { quads, stride },
        buffers: [a, b, product].map((image) => planesOf(image, begin, end)),
        workgroups,
      });
    }
    recorder.submit();
    return product;
  });
}

/**
 * Replaces b by A u0 - b, in place. The unknown of the equations is then u itself, not u - u0.
 *
 * @param field - The components of u0 along x, y, z.
 */
export function setRightHandSide(
  gpu: Gpu,
  equations: Checkerboard,
  field: readonly Checkerboard[],
): void {
  const { size, half } = equations;
  const recorder = gpu.record("right-hand side");
  const bound = [equations, ...field].map(boardPlaneBytes);
  for (const { begin, end } of cutSlabs(gpu, { planes: size[2], bound })) {
    const quads = (end - begin) * 2 * half * size[1];
    const { workgroups, stride } = flatWorkgroups(quads);
    recorder.dispatch(RIGHT_HAND_SIDE, {
      parameters: { quads, stride },
      buffers: [...field, equations].map((board) => boardPlanes(board, begin, end)),
      workgroups,
    });
  }
  recorder.submit();
}

/** The plain twin of {@link normalEquations}: nine arrays in the order of the entries. */
export function normalEquationsReference(
  size: Triple,
  residual: ArrayLike<number>,
  derivatives: readonly ArrayLike<number>[],
  sigma: number,
): Float32Array[] {
  const images = [...derivatives, residual];
  return FACTORS.map(([a, b]) =>
    gaussianSmoothReference(
      size,
      Float32Array.from({ length: residual.length }, (_, i) => images[a][i] * images[b][i]),
      [sigma, sigma, sigma],
    )
  );
}

/** The plain twin of {@link setRightHandSide}: the three arrays A u0 - b. */
export function rightHandSideReference(
  equations: readonly ArrayLike<number>[],
  field: readonly ArrayLike<number>[],
): Float64Array[] {
  const [xx, xy, xz, yy, yz, zz] = equations;
  return [[xx, xy, xz], [xy, yy, yz], [xz, yz, zz]].map((row, c) =>
    Float64Array.from(
      field[c],
      (_, i) =>
        row.reduce((sum, a, other) => sum + a[i] * field[other][i], 0) - equations[6 + c][i],
    )
  );
}
