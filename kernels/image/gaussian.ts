/**
 * Gaussian smoothing, one axis after the other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { FILTER_COLUMNS, FILTER_ROWS, MAX_RADIUS } from "./gaussian.wgsl.ts";
import {
  MAX_UNROLLED_RADIUS,
  QUADS_PER_INVOCATION,
  RESULTS_PER_INVOCATION,
  unrolledColumns,
  unrolledRows,
  unrolledWeights,
} from "./_gaussian_unrolled.wgsl.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link gaussianSmooth}. */
export interface GaussianSmoothOptions {
  /** The image. */
  readonly source: GpuImage;
  /** Standard deviations along x, y, z in voxels, at most 21; 0 leaves an axis unchanged. */
  readonly sigma: Triple;
}

/** Normalised weights of a Gaussian of `sigma` voxels from the centre outwards, to a radius of ceil(3 sigma). */
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
  let spare: GpuImage | undefined;
  sigma.forEach((s, axis) => {
    if (s === 0) return;
    // The third filter writes over the result of the first: WebGPU fills every new image with zeros.
    const result = spare ?? createImage(gpu, "smoothed", source.size);
    recordFilter(gpu, recorder, { source: image, result, axis, sigma: s });
    spare = image === source ? undefined : image;
    image = result;
  });
  if (spare !== undefined) recorder.temporary(spare);
  if (image === source) {
    image = createImage(gpu, "smoothed", source.size);
    recorder.copy(source.buffer, image.buffer);
  }
  recorder.submit();
  return image;
}

/** A Gaussian filter along one axis. */
interface FilterOptions {
  readonly source: GpuImage;
  readonly result: GpuImage;
  /** 0, 1, 2: x, y, z. */
  readonly axis: number;
  /** Standard deviation, voxels. */
  readonly sigma: number;
}

function recordFilter(
  gpu: Gpu,
  recorder: Recorder,
  { source, result, axis, sigma }: FilterOptions,
): void {
  const weights = gaussianWeights(sigma);
  const radius = weights.length - 1;
  const [nx, ny] = source.size;
  const quads = source.pitch / 4;
  const unrolled = radius <= MAX_UNROLLED_RADIUS;
  const alongX = axis === 0;
  // Quads along x, and results along the filtered axis, that one invocation computes.
  const quadsPerInvocation = unrolled && alongX ? QUADS_PER_INVOCATION : 1;
  const resultsPerInvocation = alongX ? 1 : unrolled ? RESULTS_PER_INVOCATION : 4;
  const workgroup = rowWorkgroup(Math.ceil(quads / quadsPerInvocation));
  const kernel = unrolled
    ? alongX ? unrolledRows(radius, nx) : unrolledColumns(radius)
    : alongX
    ? FILTER_ROWS
    : FILTER_COLUMNS;
  const weightsBuffer = unrolled
    ? undefined
    : recorder.temporary(gpu.upload("Gaussian weights", Float32Array.from(weights)));
  const constants: Record<string, number> = { ...workgroup };
  if (!unrolled) constants.radius = radius;
  if (!alongX) constants.alongZ = axis === 2 ? 1 : 0;
  // Along z a slab reads planes beyond both its ends, and every slab must begin aligned.
  const reach = axis === 2 ? radius : 0;
  for (const { begin, end, from, to } of imageSlabs(gpu, source.size, { halo: reach })) {
    const slab = {
      size: source.size,
      firstPlane: begin,
      quads,
      planes: end - begin,
      sourceBegin: from,
    };
    recorder.dispatch(kernel, {
      parameters: unrolled ? { ...slab, weights: unrolledWeights(weights) } : slab,
      buffers: [
        planesOf(source, from, to),
        ...(weightsBuffer === undefined ? [] : [weightsBuffer]),
        planesOf(result, begin, end),
      ],
      constants,
      workgroups: [
        Math.ceil(quads / quadsPerInvocation / workgroup.wx),
        Math.ceil(ny / (axis === 1 ? resultsPerInvocation : 1) / workgroup.wy),
        Math.ceil((end - begin) / (axis === 2 ? resultsPerInvocation : 1)),
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
