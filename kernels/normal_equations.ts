/**
 * The Gauss-Newton equations of a dense displacement: at every voxel the structure tensor of a
 * residual's derivatives and the residual times its derivatives, both smoothed over a small
 * neighbourhood (Heinrich et al. 2012, section 3.3).
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import { gaussianSmooth, gaussianSmoothReference } from "./gaussian.ts";
import { type Gpu, type GpuBuffer, u32 } from "./gpu.ts";
import { createImage, type GpuField, type GpuImage, planesOf, slabs } from "./gpu_image.ts";
import { MULTIPLY_IMAGES, RIGHT_HAND_SIDE, STORE_ENTRY } from "./normal_equations.wgsl.ts";

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

/** A (u - u0) = -b at every voxel, A = G * (dr dr^T), b = G * (r dr). */
export interface NormalEquations {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Voxels from one row to the next. */
  readonly pitch: number;
  /** Entry e of the quad of voxels q (along x) is the vec4 9 q + e. */
  readonly buffer: GpuBuffer;
  /** Frees it. */
  destroy(): void;
}

/** The equations of a residual; the caller destroys them. */
export function normalEquations(gpu: Gpu, options: NormalEquationsOptions): NormalEquations {
  const { residual, derivatives, sigma } = options, { size, pitch } = residual;
  const images = [...derivatives, residual], planeVoxels = pitch * size[1];
  const buffer = gpu.buffer("normal equations", 4 * ENTRIES * planeVoxels * size[2]);
  FACTORS.forEach(([a, b], entry) => {
    const product = createImage(gpu, "product", size);
    const multiply = gpu.record("multiply images");
    for (const { begin, end } of slabs(gpu, size)) {
      const { workgroups, stride, quads } = linear((end - begin) * planeVoxels / 4);
      multiply.dispatch(MULTIPLY_IMAGES, {
        parameters: [quads, stride, 0, 0].map(u32),
        buffers: [images[a], images[b], product].map((image) => planesOf(image, begin, end)),
        workgroups,
      });
    }
    multiply.submit();
    const source = gaussianSmooth(gpu, { source: product, sigma: [sigma, sigma, sigma] });
    const store = gpu.record("store an entry");
    for (const { begin, end } of slabs(gpu, size, 0, 4 * ENTRIES)) {
      const { workgroups, stride, quads } = linear((end - begin) * planeVoxels / 4);
      store.dispatch(STORE_ENTRY, {
        parameters: [quads, stride, entry, 0].map(u32),
        buffers: [
          planesOf(source, begin, end),
          equationPlanes({ buffer, size, pitch }, begin, end),
        ],
        workgroups,
      });
    }
    store.submit();
    [product, source].forEach((image) => image.destroy());
  });
  return { size, pitch, buffer, destroy: () => buffer.destroy() };
}

/** Replaces b by A u - b, in place: then (A + ...) u = A u0 - b is solved for u itself. */
export function setRightHandSide(gpu: Gpu, equations: NormalEquations, field: GpuField): void {
  const { size, pitch } = equations, recorder = gpu.record("right-hand side");
  for (const { begin, end } of slabs(gpu, size, 0, 4 * ENTRIES)) {
    const { workgroups, stride, quads } = linear((end - begin) * pitch * size[1] / 4);
    recorder.dispatch(RIGHT_HAND_SIDE, {
      parameters: [quads, stride, 0, 0].map(u32),
      buffers: [
        ...field.components.map((component) => planesOf(component, begin, end)),
        equationPlanes(equations, begin, end),
      ],
      workgroups,
    });
  }
  recorder.submit();
}

/** The planes [begin, end) of the equations. */
export function equationPlanes(
  { buffer, size, pitch }: Pick<NormalEquations, "buffer" | "size" | "pitch">,
  begin: number,
  end: number,
): { buffer: GpuBuffer; offset: number; bytes: number } {
  const planeBytes = 4 * ENTRIES * pitch * size[1];
  return { buffer, offset: begin * planeBytes, bytes: (end - begin) * planeBytes };
}

/** Workgroups of 64 for so many quads, in rows of at most 32768. */
function linear(quads: number): {
  workgroups: [number, number];
  stride: number;
  quads: number;
} {
  const groups = Math.ceil(quads / 64), columns = Math.min(groups, 32768);
  return { workgroups: [columns, Math.ceil(groups / columns)], stride: 64 * columns, quads };
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
