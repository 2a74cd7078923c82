/**
 * Gaussian smoothing, one axis after the other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { FILTER_COLUMNS, FILTER_ROWS, MAX_RADIUS } from "./gaussian.wgsl.ts";
import {
  COLUMN_RESULTS,
  LARGEST_UNROLLED,
  ROW_QUADS,
  unrolledColumns,
  unrolledRows,
} from "./gaussian_unrolled.wgsl.ts";
import { f32, type Gpu, u32 } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link gaussianSmooth}. */
export interface GaussianSmoothOptions {
  /** The image. */
  readonly source: GpuImage;
  /** Standard deviations along x, y, z in voxels, at most 21; 0 leaves an axis as it is. */
  readonly sigma: Triple;
}

/** Normalised weights from the centre outwards, to a radius of ceil(3 sigma). */
export function gaussianWeights(sigma: number): Float64Array {
  const radius = Math.ceil(3 * sigma);
  const weights = Float64Array.from(
    { length: radius + 1 },
    (_, k) => k === 0 ? 1 : Math.exp(-0.5 * k * k / (sigma * sigma)),
  );
  const sum = weights.reduce((total, w, k) => total + (k === 0 ? w : 2 * w), 0);
  return weights.map((w) => w / sum);
}

/**
 * The image smoothed by a Gaussian, its border continued; the caller destroys it.
 *
 * @throws {RangeError} when a sigma is negative or too large.
 */
export function gaussianSmooth(gpu: Gpu, { source, sigma }: GaussianSmoothOptions): GpuImage {
  if (!sigma.every((s) => s >= 0 && Math.ceil(3 * s) <= MAX_RADIUS)) {
    throw new RangeError(
      `\`sigma\` must be 0 to ${MAX_RADIUS / 3} voxels, got ${sigma.join(", ")}`,
    );
  }
  const recorder = gpu.record("Gaussian smoothing");
  let image = source;
  sigma.forEach((s, axis) => {
    if (s === 0) return;
    const result = createImage(gpu, "smoothed", source.size);
    recordFilter(gpu, recorder, image, result, axis, s);
    if (image !== source) recorder.temporary(image);
    image = result;
  });
  if (image === source) {
    image = createImage(gpu, "smoothed", source.size);
    recorder.copy(source.buffer, image.buffer);
  }
  recorder.submit();
  return image;
}

function recordFilter(
  gpu: Gpu,
  recorder: Recorder,
  source: GpuImage,
  result: GpuImage,
  axis: number,
  sigma: number,
): void {
  const weights = gaussianWeights(sigma);
  const radius = weights.length - 1;
  const [nx, ny] = source.size;
  const quads = source.pitch / 4;
  const unrolled = radius <= LARGEST_UNROLLED;
  const alongX = axis === 0;
  const along = alongX ? {} : { alongZ: axis === 2 ? 1 : 0 };
  // Quads and rows that one invocation makes.
  const wide = unrolled && alongX ? ROW_QUADS : 1;
  const results = alongX ? 1 : unrolled ? COLUMN_RESULTS : 4;
  const workgroup = rowWorkgroup(Math.ceil(quads / wide));
  const kernel = unrolled
    ? alongX ? unrolledRows(radius, nx) : unrolledColumns(radius)
    : alongX
    ? FILTER_ROWS
    : FILTER_COLUMNS;
  const buffer = unrolled
    ? undefined
    : recorder.temporary(gpu.upload("Gaussian weights", Float32Array.from(weights)));
  const uniform = unrolled ? [...weights, 0, 0, 0].slice(0, 4 * Math.ceil((radius + 1) / 4)) : [];
  // Along z a slab reads planes beyond both its ends, and every slab must begin aligned.
  const reach = axis === 2 ? radius : 0;
  for (const { begin, end, from, to } of imageSlabs(gpu, source.size, { halo: reach })) {
    recorder.dispatch(kernel, {
      parameters: [
        ...[...source.size, begin, quads, end - begin, from, to].map(u32),
        ...uniform.map(f32),
      ],
      buffers: [
        planesOf(source, from, to),
        ...(buffer === undefined ? [] : [buffer]),
        planesOf(result, begin, end),
      ],
      constants: unrolled ? { ...workgroup, ...along } : { ...workgroup, radius, ...along },
      workgroups: [
        Math.ceil(quads / wide / workgroup.wx),
        Math.ceil(ny / (axis === 1 ? results : 1) / workgroup.wy),
        Math.ceil((end - begin) / (axis === 2 ? results : 1)),
      ],
    });
  }
}

/** The plain twin, on an array without padding. */
export function gaussianSmoothReference(
  size: Triple,
  data: Float32Array,
  sigma: Triple,
): Float32Array {
  let from = Float64Array.from(data);
  sigma.forEach((s, axis) => {
    if (s === 0) return;
    const weights = gaussianWeights(s);
    const to = new Float64Array(data.length);
    const step = axis === 0 ? 1 : axis === 1 ? size[0] : size[0] * size[1];
    for (let i = 0; i < to.length; i++) {
      const at = Math.floor(i / step) % size[axis];
      for (let k = 1 - weights.length; k < weights.length; k++) {
        const neighbour = Math.min(Math.max(at + k, 0), size[axis] - 1);
        to[i] += weights[Math.abs(k)] * from[i + (neighbour - at) * step];
      }
    }
    from = to;
  });
  return Float32Array.from(from);
}
