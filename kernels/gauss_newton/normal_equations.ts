/**
 * The Gauss-Newton equations of a dense displacement: at every voxel the structure tensor of a
 * residual's derivatives and the residual times its derivatives, both smoothed over a small
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
import { type Gpu, u32 } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";

import { MULTIPLY_IMAGES, RIGHT_HAND_SIDE } from "./normal_equations.wgsl.ts";
import { cutSlabs, imageSlabs } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** Numbers of a voxel: xx, xy, xz, yy, yz, zz of the tensor, then x, y, z of the right-hand side. */
export const ENTRIES = 9;
/** Which images' product each entry is: 0, 1, 2 the derivatives by x, y, z, 3 the residual. */
const FACTORS = [[0, 0], [0, 1], [0, 2], [1, 1], [1, 2], [2, 2], [0, 3], [1, 3], [2, 3]] as const;

/** Options of {@link normalEquations}. */
export interface NormalEquationsOptions {
  /** The residual r. */
  readonly residual: GpuImage;
  /** Its derivatives by the displacement along x, y, z, voxels. */
  readonly derivatives: readonly [GpuImage, GpuImage, GpuImage];
  /** Standard deviation of the smoothing, voxels. */
  readonly sigma: number;
}

/**
 * A (u - u0) = -b at every voxel, A = G * (dr dr^T), b = G * (r dr), as a checkerboard with
 * {@link ENTRIES} entries; the caller destroys it.
 */
export function normalEquations(gpu: Gpu, options: NormalEquationsOptions): Checkerboard {
  const { residual, derivatives, sigma } = options;
  const { size } = residual;
  const images = [...derivatives, residual];
  const equations = createCheckerboard(gpu, "normal equations", size, ENTRIES);
  FACTORS.forEach(([a, b], entry) => {
    const product = createImage(gpu, "product", size);
    const recorder = gpu.record("multiply images");
    for (const { begin, end } of imageSlabs(gpu, size)) {
      const quads = (end - begin) * residual.pitch * size[1] / 4;
      const { workgroups, stride } = flatWorkgroups(quads);
      recorder.dispatch(MULTIPLY_IMAGES, {
        parameters: [quads, stride, 0, 0].map(u32),
        buffers: [images[a], images[b], product].map((image) => planesOf(image, begin, end)),
        workgroups,
      });
    }
    recorder.submit();
    const smooth = gaussianSmooth(gpu, { source: product, sigma: [sigma, sigma, sigma] });
    toCheckerboard(gpu, smooth, equations, entry);
    [product, smooth].forEach((image) => image.destroy());
  });
  return equations;
}

/** Replaces b by A u0 - b, in place: then (A + ...) u = A u0 - b is solved for u itself. */
export function setRightHandSide(
  gpu: Gpu,
  equations: Checkerboard,
  field: readonly Checkerboard[],
): void {
  const { size, half } = equations;
  const recorder = gpu.record("right-hand side");
  const own = [equations, ...field].map(boardPlaneBytes);
  for (const { begin, end } of cutSlabs(gpu, { planes: size[2], bound: own })) {
    const quads = (end - begin) * 2 * half * size[1];
    const { workgroups, stride } = flatWorkgroups(quads);
    recorder.dispatch(RIGHT_HAND_SIDE, {
      parameters: [quads, stride, 0, 0].map(u32),
      buffers: [...field, equations].map((board) => boardPlanes(board, begin, end)),
      workgroups,
    });
  }
  recorder.submit();
}

/** The plain twin: nine arrays, b as it is before {@link setRightHandSide}. */
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
