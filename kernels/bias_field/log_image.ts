/**
 * The operations of N4 (Tustison et al. 2010) on each voxel, in logarithms: v = u + b with the measured v,
 * the true u and the field b.
 *
 * @module
 */

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import {
  DIVIDE_BY_FIELD,
  LOG_IMAGE,
  REPORT_HEADER,
  RESIDUAL,
  SHARPENING_HEADER,
  SUM_UPDATE,
  UPDATE_LOG_IMAGE,
  UPDATE_WORKGROUPS,
} from "./log_image.wgsl.ts";
import { hasValue, NO_VALUE } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { imageSlabs, type Slab } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** The expected true logarithm as a function of the measured one, at equally spaced bins. */
export interface Sharpening {
  /** Logarithm of the first bin. */
  readonly minimum: number;
  /** Logarithm of the last bin. */
  readonly maximum: number;
  /** The expected logarithm at each bin. */
  readonly expected: Float64Array;
}

/** The report of an iteration. */
export interface LogReport {
  /** Smallest logarithm of the corrected image. */
  readonly minimum: number;
  /** Largest logarithm of the corrected image. */
  readonly maximum: number;
  /** Sum over the voxels of the change (field before / field now) - 1. */
  readonly sum: number;
  /** Sum of the squares of the change. */
  readonly squares: number;
}

/** A buffer for a report with a histogram of this many bins; the caller destroys it. */
export function createReport(gpu: Gpu, bins: number): GpuBuffer {
  return gpu.buffer("N4 report", 4 * (REPORT_HEADER + bins));
}

/** Reads a report and its histogram, which has `bins` numbers of voxels. */
export async function readReport(
  gpu: Gpu,
  buffer: GpuBuffer,
  bins: number,
): Promise<LogReport & { readonly histogram: Float32Array }> {
  const numbers = new Float32Array(await gpu.download(buffer));
  const [minimum, maximum, sum, squares] = numbers;
  const histogram = numbers.subarray(REPORT_HEADER, REPORT_HEADER + bins);
  return { minimum, maximum, sum, squares, histogram };
}

/** Number of quads of a slab, and workgroups with one invocation per quad. */
function overQuads(image: GpuImage, { begin, end }: Slab) {
  const quads = (end - begin) * image.size[1] * image.pitch / 4;
  return { quads, ...flatWorkgroups(quads) };
}

/** The logarithms of an image, `NO_VALUE` at voxels that are not positive; the caller destroys them. */
export function logImage(gpu: Gpu, source: GpuImage): GpuImage {
  return Owned.build((owned) => {
    const logarithms = owned.add(createImage(gpu, "N4 logarithms", source.size));
    const recorder = gpu.record("N4 logarithms");
    for (const slab of imageSlabs(gpu, source.size)) {
      const { quads, stride, workgroups } = overQuads(source, slab);
      recorder.dispatch(LOG_IMAGE, {
        parameters: { quads, stride, rowQuads: source.pitch / 4, width: source.size[0] },
        buffers: [source, logarithms].map((image) => planesOf(image, slab.begin, slab.end)),
        workgroups,
      });
    }
    recorder.submit();
    return logarithms;
  });
}

/** A buffer for {@link writeSharpening} with this many bins; the caller destroys it. */
export function createSharpening(gpu: Gpu, bins: number): GpuBuffer {
  return gpu.buffer("N4 sharpening", 4 * (SHARPENING_HEADER + bins));
}

/**
 * Writes a sharpening into the buffer that {@link prepareResidual} reads. When minimum and maximum are the
 * same, every voxel is compared with the first bin.
 */
export function writeSharpening(gpu: Gpu, buffer: GpuBuffer, sharpening: Sharpening): void {
  const { minimum, maximum, expected } = sharpening;
  const scale = maximum > minimum ? (expected.length - 1) / (maximum - minimum) : 0;
  gpu.write(buffer, Float32Array.of(minimum, scale, ...expected));
}

/** Options of {@link prepareResidual}. */
export interface ResidualOptions {
  /** The image u. */
  readonly logarithms: GpuImage;
  /** A buffer from {@link createSharpening}. */
  readonly sharpening: GpuBuffer;
  /** Number of bins of the sharpening. */
  readonly bins: number;
  /** Receives the residual, including the padding of rows. */
  readonly residual: GpuImage;
}

/** Prepares the residual of the sharpening, u minus the expected u; 0 at voxels without a value. */
export function prepareResidual(gpu: Gpu, options: ResidualOptions): Prepared {
  const { logarithms, sharpening, bins, residual } = options;
  return Owned.build((owned) => {
    const dispatches = imageSlabs(gpu, logarithms.size).map((slab) => {
      const { quads, stride, workgroups } = overQuads(logarithms, slab);
      const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
      return owned.add(gpu.prepare(RESIDUAL, {
        parameters: { quads, stride, bins },
        buffers: [part(logarithms), sharpening, part(residual)],
        workgroups,
      }));
    });
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link prepareLogUpdate}. */
export interface LogUpdateOptions {
  /** The measured image v. */
  readonly original: GpuImage;
  /** The log field b. */
  readonly field: GpuImage;
  /** The corrected image u, which is replaced. */
  readonly corrected: GpuImage;
  /** A buffer from {@link createReport}; receives the {@link LogReport}. */
  readonly report: GpuBuffer;
}

/** Prepares the update `corrected = original - field` and its report. */
export function prepareLogUpdate(gpu: Gpu, options: LogUpdateOptions): Prepared {
  const { original, field, corrected, report } = options;
  return Owned.build((owned) => {
    const parts = owned.add(gpu.buffer("N4 update parts", 16 * 64 * UPDATE_WORKGROUPS));
    const dispatches = imageSlabs(gpu, original.size).map((slab, index) => {
      const part = (image: GpuImage) => planesOf(image, slab.begin, slab.end);
      return owned.add(gpu.prepare(UPDATE_LOG_IMAGE, {
        parameters: { quads: overQuads(original, slab).quads, accumulate: index > 0 },
        buffers: [part(original), part(field), part(corrected), parts],
        workgroups: [UPDATE_WORKGROUPS],
      }));
    });
    dispatches.push(
      owned.add(gpu.prepare(SUM_UPDATE, { buffers: [parts, report], workgroups: [1] })),
    );
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Replaces a log field by the field and divides the image by it, both in place. */
export function divideByField(gpu: Gpu, image: GpuImage, field: GpuImage): void {
  const recorder = gpu.record("N4 division by the field");
  for (const slab of imageSlabs(gpu, image.size)) {
    const { quads, stride, workgroups } = overQuads(image, slab);
    recorder.dispatch(DIVIDE_BY_FIELD, {
      parameters: { quads, stride },
      buffers: [field, image].map((one) => planesOf(one, slab.begin, slab.end)),
      workgroups,
    });
  }
  recorder.submit();
}

/** The plain twin of {@link logImage}. */
export function logImageReference(data: Float32Array): Float64Array {
  return Float64Array.from(data, (value) => value > 0 ? Math.log(value) : NO_VALUE);
}

/** The plain twin of {@link prepareResidual}. */
export function residualReference(
  logarithms: ArrayLike<number>,
  { minimum, maximum, expected }: Sharpening,
): Float64Array {
  const bins = expected.length;
  const scale = maximum > minimum ? (bins - 1) / (maximum - minimum) : 0;
  return Float64Array.from(logarithms, (u) => {
    if (!hasValue(u)) return 0;
    const position = Math.min(Math.max((u - minimum) * scale, 0), bins - 1);
    const lower = Math.min(Math.floor(position), bins - 2);
    return u - expected[lower] - (position - lower) * (expected[lower + 1] - expected[lower]);
  });
}

/** The plain twin of {@link prepareLogUpdate}: changes `corrected` and returns the report. */
export function logUpdateReference(
  original: ArrayLike<number>,
  field: ArrayLike<number>,
  corrected: Float64Array,
): LogReport {
  let minimum = Infinity;
  let maximum = -Infinity;
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < corrected.length; i++) {
    const counts = hasValue(original[i]);
    const before = corrected[i];
    corrected[i] = counts ? original[i] - field[i] : original[i];
    if (!counts) continue;
    minimum = Math.min(minimum, corrected[i]);
    maximum = Math.max(maximum, corrected[i]);
    const change = Math.exp(corrected[i] - before) - 1;
    sum += change;
    squares += change * change;
  }
  return { minimum, maximum, sum, squares };
}

/** The plain twin of {@link divideByField}. */
export function divideByFieldReference(
  image: ArrayLike<number>,
  logField: ArrayLike<number>,
): { image: Float64Array; field: Float64Array } {
  const field = Float64Array.from(logField, Math.exp);
  return { image: Float64Array.from(image, (value, i) => value / field[i]), field };
}
