/**
 * Pulling an image through a dense displacement field: trilinear for intensities (with its analytic
 * derivative), nearest neighbour for labels.
 *
 * @module
 */

import { IDENTITY, type Matrix4, transformPoint, type Triple } from "../../volume/affine.ts";

import type { Gpu, Kernel } from "../gpu/gpu.ts";
import { createImage, type GpuField, type GpuImage, planesOf } from "../gpu/image.ts";
import { interpolateClamped } from "./resample.ts";
import { WARP, WARP_LABELS, WARP_WITH_GRADIENT } from "./warp.wgsl.ts";
import { cellWindows, imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link warp}, {@link warpWithGradient} and {@link warpLabels}. */
export interface WarpOptions {
  /** The image that is pulled. */
  readonly moving: GpuImage;
  /** Displacements u in voxels of the field's grid. */
  readonly field: GpuField;
  /** Matrix from voxel indices of the field to voxel indices of the moving image. Default: identity. */
  readonly matrix?: Matrix4 | undefined;
  /**
   * The value of points more than half a voxel outside the moving image: a number, or "clamp" for the
   * border's value. Default "clamp"; labels are always 0 there.
   */
  readonly outside?: "clamp" | number | undefined;
}

/** moving(matrix (x + u(x))) on the field's grid; the caller destroys it. */
export function warp(gpu: Gpu, options: WarpOptions): GpuImage {
  const warped = createImage(gpu, "warped", options.field.size);
  run(gpu, WARP, options, [warped]);
  return warped;
}

/** {@link warp} and its derivative by u along x, y and z (0 where the border continues). */
export function warpWithGradient(
  gpu: Gpu,
  options: WarpOptions,
): { warped: GpuImage; gradient: [GpuImage, GpuImage, GpuImage] } {
  const [warped, x, y, z] = ["warped", "dx", "dy", "dz"].map((label) =>
    createImage(gpu, label, options.field.size)
  );
  run(gpu, WARP_WITH_GRADIENT, options, [warped, x, y, z]);
  return { warped, gradient: [x, y, z] };
}

/** The label of the voxel nearest to matrix (x + u(x)), 0 beyond the moving image. */
export function warpLabels(gpu: Gpu, options: Omit<WarpOptions, "outside">): GpuImage {
  const warped = createImage(gpu, "warped labels", options.field.size);
  run(gpu, WARP_LABELS, { ...options, outside: 0 }, [warped]);
  return warped;
}

function run(gpu: Gpu, kernel: Kernel, options: WarpOptions, results: readonly GpuImage[]): void {
  const { moving, field, matrix = IDENTITY, outside = "clamp" } = options;
  const { size } = field;
  const pitch = field.components[0].pitch;
  const nearest = kernel === WARP_LABELS;
  // Trilinear cells begin before the last plane and read one plane further; labels read one plane.
  const windows = nearest ? imageSlabs(gpu, moving.size) : cellWindows(gpu, moving.size);
  // An invocation of the trilinear kernels computes four voxels.
  const width = nearest ? size[0] : pitch / 4;
  const workgroup = rowWorkgroup(width);
  const known = {
    affine: matrix.some((v, i) => v !== IDENTITY[i]) ? 1 : 0,
    windowed: windows.length > 1 ? 1 : 0,
    clamped: outside === "clamp" ? 1 : 0,
  };
  const recorder = gpu.record(kernel.label);
  for (const slab of imageSlabs(gpu, size)) {
    const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
    for (const window of windows) {
      recorder.dispatch(kernel, {
        parameters: {
          row0: matrix.slice(0, 4),
          row1: matrix.slice(4, 8),
          row2: matrix.slice(8, 12),
          size,
          firstPlane: slab.begin,
          movingSize: moving.size,
          movingPitch: moving.pitch,
          windowBegin: window.begin,
          windowEnd: window.end,
          outside: outside === "clamp" ? 0 : outside,
          pitch,
          planes: slab.end - slab.begin,
        },
        buffers: [
          ...field.components.map(part),
          planesOf(moving, window.begin, window.to),
          ...results.map(part),
        ],
        constants: nearest ? workgroup : { ...workgroup, ...known },
        workgroups: [
          Math.ceil(width / workgroup.wx),
          Math.ceil(size[1] / workgroup.wy),
          slab.end - slab.begin,
        ],
      });
    }
  }
  recorder.submit();
}

/** Arrays that the plain twins take: a moving image and a field in voxels. */
export interface WarpReferenceInputs {
  /** The moving image. */
  readonly moving: { size: Triple; data: ArrayLike<number> };
  /** Voxels of the field along x, y, z. */
  readonly size: Triple;
  /** Components of the field along x, y, z, in voxels. */
  readonly field: readonly Float32Array[];
  /** Matrix from voxel indices of the field to those of the moving image. */
  readonly matrix: Matrix4;
  /** See {@link WarpOptions}. */
  readonly outside: "clamp" | number;
}

/** The plain twin of {@link warp}. */
export function warpReference(inputs: WarpReferenceInputs): Float32Array {
  const { moving, outside } = inputs;
  return Float32Array.from(
    pointsOf(inputs),
    (point) =>
      outside !== "clamp" && isBeyond(point, moving.size)
        ? outside
        : interpolateClamped(moving, point),
  );
}

/** The plain twin of {@link warpLabels}. */
export function warpLabelsReference(inputs: Omit<WarpReferenceInputs, "outside">): Int32Array {
  const { size, data } = inputs.moving;
  return Int32Array.from(pointsOf(inputs), (point) => {
    if (isBeyond(point, size)) return 0;
    const [x, y, z] = point.map((v, axis) =>
      Math.min(Math.max(Math.floor(v + 0.5), 0), size[axis] - 1)
    );
    return data[(z * size[1] + y) * size[0] + x];
  });
}

function pointsOf(
  { size, field, matrix }: Pick<WarpReferenceInputs, "size" | "field" | "matrix">,
): Triple[] {
  return Array.from(field[0], (_, i) => {
    const x = i % size[0];
    const y = Math.floor(i / size[0]) % size[1];
    const z = Math.floor(i / (size[0] * size[1]));
    return transformPoint(matrix, [x + field[0][i], y + field[1][i], z + field[2][i]]);
  });
}

function isBeyond(point: Triple, size: Triple): boolean {
  return point.some((v, axis) => v < -0.5 || v > size[axis] - 0.5);
}
