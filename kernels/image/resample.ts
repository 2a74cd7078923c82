/**
 * Resampling an image onto another grid by a matrix between voxel indices.
 *
 * @module
 */

import { type Matrix4, transformPoint, type Triple } from "../../volume/affine.ts";

import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { RESAMPLE } from "./resample.wgsl.ts";
import { cellWindows, imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link resample}. */
export interface ResampleOptions {
  /** The image to be interpolated. */
  readonly source: GpuImage;
  /** Voxels of the result along x, y, z. */
  readonly size: Triple;
  /** Matrix from voxel indices of the result to voxel indices of the source. */
  readonly matrix: Matrix4;
  /**
   * The value of points more than half a voxel outside the source: a number, or "clamp" for the border's
   * value. Default "clamp".
   */
  readonly outside?: "clamp" | number | undefined;
}

/** Returns true if the voxels of the result are those of the source. */
function isSameGrid({ source, size, matrix }: ResampleOptions): boolean {
  return size.every((n, axis) => n === source.size[axis]) &&
    matrix.every((entry, i) => entry === (i % 5 === 0 ? 1 : 0));
}

/** The source on another grid, by trilinear interpolation; the caller destroys it. */
export function resample(gpu: Gpu, options: ResampleOptions): GpuImage {
  const { source, size, matrix, outside = "clamp" } = options;
  const result = createImage(gpu, "resampled", size);
  const quads = result.pitch / 4;
  const workgroup = rowWorkgroup(quads);
  const windows = cellWindows(gpu, source.size);
  const recorder = gpu.record("resample");
  if (isSameGrid(options)) {
    recorder.copy(source.buffer, result.buffer).submit();
    return result;
  }
  for (const slab of imageSlabs(gpu, size)) {
    for (const window of windows) {
      recorder.dispatch(RESAMPLE, {
        parameters: {
          row0: matrix.slice(0, 4),
          row1: matrix.slice(4, 8),
          row2: matrix.slice(8, 12),
          size,
          firstPlane: slab.begin,
          sourceSize: source.size,
          sourcePitch: source.pitch,
          windowBegin: window.begin,
          windowEnd: window.end,
          outside: outside === "clamp" ? 0 : outside,
          clamped: outside === "clamp",
          quads,
          planes: slab.end - slab.begin,
        },
        buffers: [
          planesOf(source, window.begin, window.to),
          planesOf(result, slab.begin, slab.end),
        ],
        constants: workgroup,
        workgroups: [
          Math.ceil(quads / workgroup.wx),
          Math.ceil(size[1] / workgroup.wy),
          slab.end - slab.begin,
        ],
      });
    }
  }
  recorder.submit();
  return result;
}

/** The plain twin, on arrays without padding. */
export function resampleReference(
  source: { size: Triple; data: Float32Array },
  size: Triple,
  matrix: Matrix4,
  outside: "clamp" | number = "clamp",
): Float32Array {
  const result = new Float32Array(size[0] * size[1] * size[2]);
  let i = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      for (let x = 0; x < size[0]; x++, i++) {
        const p = transformPoint(matrix, [x, y, z]);
        const beyond = p.some((v, axis) => v < -0.5 || v > source.size[axis] - 0.5);
        result[i] = beyond && outside !== "clamp" ? outside : interpolateClamped(source, p);
      }
    }
  }
  return result;
}

/** Trilinear interpolation at a (fractional) voxel index; the border continues beyond the image. */
export function interpolateClamped(
  { size, data }: { size: Triple; data: ArrayLike<number> },
  point: Triple,
): number {
  const p = point.map((v, axis) => Math.min(Math.max(v, 0), size[axis] - 1));
  const cell = p.map(Math.floor);
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    let at = 0;
    let step = 1;
    for (let axis = 0; axis < 3; axis++) {
      const far = (corner >> axis) & 1;
      const t = p[axis] - cell[axis];
      weight *= far ? t : 1 - t;
      at += Math.min(cell[axis] + far, size[axis] - 1) * step;
      step *= size[axis];
    }
    if (weight > 0) sum += weight * data[at];
  }
  return sum;
}
