/**
 * What N4 (Tustison et al. 2010) does voxel by voxel, in logarithms: v = u + b with the measured v, the
 * true u and the field b.
 *
 * @module
 */

import { type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import {
  DIVIDE_BY_FIELD,
  LOG_IMAGE,
  NO_LOGARITHM,
  RESIDUAL,
  SHARPENING_HEADER,
  SUM_UPDATE,
  UPDATE_LOG_IMAGE,
  UPDATE_WORKGROUPS,
} from "./log_image.wgsl.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs, type Slab } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

export { NO_LOGARITHM, REPORT_HEADER } from "./log_image.wgsl.ts";

/** A true value expected for every measured one, at equally spaced logarithms. */
export interface Sharpening {
  /** Logarithm of the first bin. */
  readonly minimum: number;
  /** Logarithm of the last bin. */
  readonly maximum: number;
  /** The expected logarithm at each bin. */
  readonly expected: Float64Array;
}

/** Quads of a slab and the workgroups that have one invocation each. */
function overQuads(image: GpuImage, { begin, end }: Slab) {
  const quads = (end - begin) * image.size[1] * image.pitch / 4;
  const { workgroups, stride } = flatWorkgroups(quads);
  return { quads, width: stride, workgroups };
}

/** The logarithms of an image, {@link NO_LOGARITHM} where it is not positive; the caller destroys them. */
export function logImage(gpu: Gpu, source: GpuImage): GpuImage {
  const logarithms = createImage(gpu, "n4 logarithms", source.size);
  const recorder = gpu.record("n4 log image");
  for (const slab of imageSlabs(gpu, source.size)) {
    const { quads, width, workgroups } = overQuads(source, slab);
    recorder.dispatch(LOG_IMAGE, {
      parameters: [quads, width, source.pitch / 4, source.size[0]].map(u32),
      buffers: [source, logarithms].map((image) => planesOf(image, slab.begin, slab.end)),
      workgroups,
    });
  }
  recorder.submit();
  return logarithms;
}

/** A buffer for {@link writeSharpening} with this many bins. */
export function createSharpening(gpu: Gpu, bins: number): GpuBuffer {
  return gpu.buffer("n4 sharpening", 4 * (SHARPENING_HEADER + bins));
}

/** Writes what {@link prepareResidual} reads. A range of one value is left as it is. */
export function writeSharpening(gpu: Gpu, buffer: GpuBuffer, sharpening: Sharpening): void {
  const { minimum, maximum, expected } = sharpening;
  const scale = maximum > minimum ? (expected.length - 1) / (maximum - minimum) : 0;
  gpu.write(buffer, Float32Array.of(minimum, scale, 0, 0, ...expected));
}

/** Prepares the part of `logarithms` that sharpening takes away, 0 where there is no logarithm. */
export function prepareResidual(
  gpu: Gpu,
  { logarithms, sharpening, bins, residual }: {
    /** The image u. */
    readonly logarithms: GpuImage;
    /** From {@link createSharpening}. */
    readonly sharpening: GpuBuffer;
    /** Bins of the sharpening. */
    readonly bins: number;
    /** Receives it, the padding of rows included. */
    readonly residual: GpuImage;
  },
): Prepared {
  const dispatches = imageSlabs(gpu, logarithms.size).map((slab) => {
    const { quads, width, workgroups } = overQuads(logarithms, slab);
    const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
    return gpu.prepare(RESIDUAL, {
      parameters: [quads, width, bins, 0].map(u32),
      buffers: [part(logarithms), sharpening, part(residual)],
      workgroups,
    });
  });
  return { dispatches, destroy: () => dispatches.forEach((dispatch) => dispatch.destroy()) };
}

/**
 * Prepares `corrected = original - field` and its report: four f32, the least and the greatest logarithm
 * that counts, and the sum and the sum of squares of exp(corrected - corrected before) - 1.
 */
export function prepareLogUpdate(
  gpu: Gpu,
  { original, field, corrected, report }: {
    /** The measured image v. */
    readonly original: GpuImage;
    /** The log field b. */
    readonly field: GpuImage;
    /** The corrected image u, before and after. */
    readonly corrected: GpuImage;
    /** Receives the numbers at its beginning. */
    readonly report: GpuBuffer;
  },
): Prepared {
  const parts = gpu.buffer("n4 update parts", 16 * 64 * UPDATE_WORKGROUPS);
  const dispatches = imageSlabs(gpu, original.size).map((slab, index) => {
    const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
    return gpu.prepare(UPDATE_LOG_IMAGE, {
      parameters: [overQuads(original, slab).quads, index === 0 ? 0 : 1, 0, 0].map(u32),
      buffers: [part(original), part(field), part(corrected), parts],
      workgroups: [UPDATE_WORKGROUPS],
    });
  });
  dispatches.push(gpu.prepare(SUM_UPDATE, {
    buffers: [parts, report],
    workgroups: [1],
  }));
  return {
    dispatches,
    destroy: () => [...dispatches, parts].forEach((resource) => resource.destroy()),
  };
}

/** Turns a log field into the field and divides the image by it, both in place. */
export function divideByField(gpu: Gpu, image: GpuImage, field: GpuImage): void {
  const recorder = gpu.record("n4 divide by the field");
  for (const slab of imageSlabs(gpu, image.size)) {
    const { quads, width, workgroups } = overQuads(image, slab);
    recorder.dispatch(DIVIDE_BY_FIELD, {
      parameters: [quads, width, 0, 0].map(u32),
      buffers: [field, image].map((one) => planesOf(one, slab.begin, slab.end)),
      workgroups,
    });
  }
  recorder.submit();
}

/** The plain twin of {@link logImage}. */
export function logImageReference(data: Float32Array): Float64Array {
  return Float64Array.from(data, (value) => value > 0 ? Math.log(value) : NO_LOGARITHM);
}

/** The plain twin of {@link prepareResidual}. */
export function residualReference(
  logarithms: ArrayLike<number>,
  { minimum, maximum, expected }: Sharpening,
): Float64Array {
  const bins = expected.length;
  const scale = maximum > minimum ? (bins - 1) / (maximum - minimum) : 0;
  return Float64Array.from(logarithms, (u) => {
    if (u < -1e20) return 0;
    const position = Math.min(Math.max((u - minimum) * scale, 0), bins - 1);
    const lower = Math.min(Math.floor(position), bins - 2);
    return u - expected[lower] - (position - lower) * (expected[lower + 1] - expected[lower]);
  });
}

/** The plain twin of {@link prepareLogUpdate}: changes `corrected` and gives the report. */
export function logUpdateReference(
  original: ArrayLike<number>,
  field: ArrayLike<number>,
  corrected: Float64Array,
): [least: number, greatest: number, sum: number, squares: number] {
  let least = Infinity;
  let greatest = -Infinity;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < corrected.length; i++) {
    const counts = original[i] > -1e20;
    const before = corrected[i];
    corrected[i] = counts ? original[i] - field[i] : original[i];
    if (!counts) continue;
    least = Math.min(least, corrected[i]);
    greatest = Math.max(greatest, corrected[i]);
    const change = Math.exp(corrected[i] - before) - 1;
    sum += change;
    squares += change * change;
  }
  return [least, greatest, sum, squares];
}

/** The plain twin of {@link divideByField}. */
export function divideByFieldReference(
  image: ArrayLike<number>,
  logField: ArrayLike<number>,
): { image: Float64Array; field: Float64Array } {
  const field = Float64Array.from(logField, Math.exp);
  return { image: Float64Array.from(image, (value, i) => value / field[i]), field };
}
