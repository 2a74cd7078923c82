/**
 * Mattes mutual information of a fixed image and a moving image seen through an affine matrix
 * (Mattes et al. 2003, IEEE TMI 22:120): 50 bins, a box window on the fixed and a cubic B-spline
 * window on the moving intensities, every voxel. The counts are whole numbers, so two runs agree to
 * the last bit: each moving bin is counted in eight parts and the window applied to the parts.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import { type Dispatch, f32, type Gpu, type GpuBuffer, u32 } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { createImage, type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import {
  MATTES_BINS,
  MATTES_COUNT,
  MATTES_INNER_BINS,
  MATTES_ROW,
  MATTES_ROWS,
  MATTES_STEPS,
  MATTES_SUBDIVISIONS,
  MATTES_TERMS,
  MATTES_TOTALS,
  MATTES_VALUE,
  mattesFixedBins,
  mattesMovingPairs,
} from "./mattes_histogram.wgsl.ts";
import { cutSlabs, imageSlabs, type Slab } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

/** Intensities that the bins span; those beyond are counted in the first and last bin. */
export interface IntensityRange {
  /** Lower end of the first bin. */
  readonly minimum: number;
  /** Upper end of the last bin. */
  readonly maximum: number;
}

/** Options of {@link prepareMattes}. */
export interface MattesOptions {
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** The moving image. */
  readonly moving: GpuImage;
  /** Intensities that the fixed image's bins span. */
  readonly fixedRange: IntensityRange;
  /** Intensities that the moving image's bins span. */
  readonly movingRange: IntensityRange;
  /** i32 image on the fixed image's grid: voxels with 0 do not count. */
  readonly fixedMask?: GpuImage | undefined;
  /** i32 image on the moving image's grid: samples between voxels of which one has 0 do not count. */
  readonly movingMask?: GpuImage | undefined;
  /** With fewer samples than this the cost is 1e30 (1). */
  readonly leastSamples?: number | undefined;
  /**
   * When given, the cost is -information * samples / `wholeSamples`: the information that the images
   * share per voxel of the whole, which a small overlap does not inflate. When absent: -information.
   */
  readonly wholeSamples?: number | undefined;
}

/** The value at one transform. */
export interface MattesValue {
  /** What is to be minimised. */
  readonly cost: number;
  /** Mutual information in nats. */
  readonly information: number;
  /** Fixed voxels that were counted. */
  readonly samples: number;
}

/** The metric made ready on the GPU: record it as often as needed. */
export interface PreparedMattes {
  /**
   * Four vec4f: the first three rows of the matrix from fixed to moving voxel index, then
   * (skip, 0, 0, 0); with skip not 0 an evaluation does nothing and leaves the value as it was.
   */
  readonly transform: GpuBuffer;
  /** Four f32: the cost (-information, or 1e30 with too few samples), samples, information. */
  readonly value: GpuBuffer;
  /** From here on the cost is 1e30 with fewer samples than this. */
  setLeastSamples(samples: number): void;
  /** Records one evaluation. */
  record(recorder: Recorder): void;
  /** Writes the matrix from fixed to moving voxel index. */
  setMatrix(matrix: Matrix4): void;
  /** Evaluates at a matrix from fixed to moving voxel index and reads the value. */
  evaluate(matrix: Matrix4): Promise<MattesValue>;
  /** Evaluates at many matrices and reads the values at once. */
  evaluateAll(matrices: readonly Matrix4[]): Promise<MattesValue[]>;
  /** Frees all its buffers (not the images). */
  destroy(): void;
}

/** Weights of the four bins index-1 .. index+2 for a value that lies `t` of a bin above `index`. */
export function cubicWindow(t: number): [number, number, number, number] {
  return [cubic(1 + t), cubic(t), cubic(1 - t), cubic(2 - t)];
}

function cubic(distance: number): number {
  if (distance >= 2) return 0;
  if (distance >= 1) return (2 - distance) ** 3 / 6;
  return (4 - 6 * distance ** 2 + 3 * distance ** 3) / 6;
}

/** Counters that the atomics are spread over: more where there is more to count. */
function copiesFor(gpu: Gpu, voxels: number): number {
  return Math.max(2, Math.min(gpu.isSoftware ? 4 : 32, Math.ceil(voxels / 32768)));
}

function fixedBins(gpu: Gpu, options: MattesOptions, cut: Slab[]): GpuBuffer {
  const { fixed, fixedRange, fixedMask } = options;
  const bytes = gpu.buffer("mattes fixed bins", fixed.pitch * fixed.size[1] * fixed.size[2]);
  const recorder = gpu.record("mattes fixed bins");
  const plane = fixed.pitch * fixed.size[1];
  for (const { begin, end } of cut) {
    const count = plane * (end - begin) / 4;
    const { workgroups, stride: pitch } = flatWorkgroups(count);
    const target = { buffer: bytes, offset: begin * plane, bytes: (end - begin) * plane };
    recorder.dispatch(mattesFixedBins(fixedMask !== undefined), {
      parameters: [
        f32(fixedRange.minimum),
        f32(MATTES_INNER_BINS / (fixedRange.maximum - fixedRange.minimum)),
        ...[fixed.pitch / 4, fixed.size[0], count, pitch].map(u32),
      ],
      buffers: [
        planesOf(fixed, begin, end),
        target,
        ...(fixedMask ? [planesOf(fixedMask, begin, end)] : []),
      ],
      workgroups,
    });
  }
  recorder.submit();
  return bytes;
}

function movingPairs(gpu: Gpu, options: MattesOptions): GpuImage {
  const { moving, movingRange, movingMask } = options;
  const pairs = createImage(gpu, "mattes moving pairs", moving.size);
  const recorder = gpu.record("mattes moving pairs");
  for (const { begin, end } of imageSlabs(gpu, moving.size)) {
    const count = moving.pitch * moving.size[1] * (end - begin) / 4;
    const { workgroups, stride: pitch } = flatWorkgroups(count);
    recorder.dispatch(mattesMovingPairs(movingMask !== undefined), {
      parameters: [
        f32(movingRange.minimum),
        f32(MATTES_ROW * MATTES_STEPS / (movingRange.maximum - movingRange.minimum)),
        ...[moving.pitch / 4, moving.size[0], count, pitch].map(u32),
      ],
      buffers: [
        planesOf(moving, begin, end),
        planesOf(pairs, begin, end),
        ...(movingMask ? [planesOf(movingMask, begin, end)] : []),
      ],
      workgroups,
    });
  }
  recorder.submit();
  return pairs;
}

/** Makes the metric of a pair of images ready: bins both once, so that an evaluation only samples and counts. */
export function prepareMattes(gpu: Gpu, options: MattesOptions): PreparedMattes {
  const { fixed, moving, leastSamples = 1, wholeSamples = 0 } = options;
  const cut = imageSlabs(gpu, fixed.size, { withBytes: true });
  const bytes = fixedBins(gpu, options, cut);
  const pairs = movingPairs(gpu, options);
  const [nx, ny, nz] = fixed.size;
  const quads = rowPitch(nx) / 4;
  const voxels = nx * ny * nz;
  const copies = copiesFor(gpu, voxels);
  const counts = gpu.buffer("mattes counts", 4 * copies * MATTES_INNER_BINS * MATTES_ROW);
  const rows = gpu.buffer("mattes rows", 4 * MATTES_INNER_BINS * (MATTES_BINS + 1));
  const totals = gpu.buffer("mattes totals", 4 * MATTES_INNER_BINS * MATTES_ROW);
  const terms = gpu.buffer("mattes terms", 8 * 64);
  const transform = gpu.buffer("mattes transform", 64);
  const value = gpu.buffer("mattes value", 16);
  const window = gpu.upload(
    "mattes window",
    Float32Array.from(
      Array.from({ length: MATTES_SUBDIVISIONS }, (_, part) => {
        return cubicWindow((part + 0.5) / MATTES_SUBDIVISIONS);
      }).flat(),
    ),
  );
  const costParameters = (least: number) => [f32(least), f32(wholeSamples), f32(voxels), u32(0)];
  const plane = fixed.pitch * ny;
  const dispatches: Dispatch[] = [];
  const constants = workgroupShape(quads);
  const read = [4 * moving.pitch * moving.size[1]];
  const movingSlabs = cutSlabs(gpu, { planes: moving.size[2], bound: read, read, after: 1 });
  for (const { begin, end } of cut) {
    for (const { begin: from, end: to, to: readTo } of movingSlabs) {
      dispatches.push(gpu.prepare(MATTES_COUNT, {
        parameters: [
          ...[nx, ny, nz, begin, ...moving.size, moving.pitch, quads, copies, from, to].map(u32),
        ],
        buffers: [
          transform,
          { buffer: bytes, offset: begin * plane, bytes: (end - begin) * plane },
          planesOf(pairs, from, readTo),
          counts,
        ],
        constants,
        workgroups: [
          Math.ceil(quads / constants.wx),
          Math.ceil(ny / constants.wy),
          end - begin,
        ],
      }));
    }
  }
  dispatches.push(
    gpu.prepare(MATTES_TOTALS, {
      parameters: [copies, 0, 0, 0].map(u32),
      buffers: [transform, counts, totals],
      workgroups: [Math.ceil(MATTES_INNER_BINS * MATTES_ROW / 4 / 64)],
    }),
    gpu.prepare(MATTES_ROWS, {
      buffers: [transform, window, totals, rows],
      workgroups: [MATTES_INNER_BINS],
    }),
    gpu.prepare(MATTES_TERMS, {
      parameters: [f32(voxels), u32(0), u32(0), u32(0)],
      buffers: [transform, rows, terms],
      workgroups: [1],
    }),
    gpu.prepare(MATTES_VALUE, {
      parameters: costParameters(leastSamples),
      buffers: [transform, terms, value],
      workgroups: [1],
    }),
  );
  const record = (recorder: Recorder) => dispatches.forEach((dispatch) => recorder.run(dispatch));
  const setMatrix = (m: Matrix4) =>
    gpu.write(transform, new Float32Array([...m.slice(0, 12), 0, 0, 0, 0]));
  const evaluateAll = async (matrices: readonly Matrix4[]): Promise<MattesValue[]> => {
    const results = gpu.buffer("mattes results", 16 * matrices.length);
    try {
      matrices.forEach((matrix, i) => {
        setMatrix(matrix);
        const recorder = gpu.record("mattes");
        record(recorder);
        recorder.copy(value, results, 16, 0, 16 * i).submit();
      });
      const read = new Float32Array(await gpu.download(results));
      return matrices.map((_, i) => {
        const [cost, samples, information] = read.subarray(4 * i, 4 * i + 3);
        return { cost, samples, information };
      });
    } finally {
      results.destroy();
    }
  };
  return {
    transform,
    value,
    record,
    setMatrix,
    setLeastSamples: (samples) =>
      gpu.writeParameters(dispatches[dispatches.length - 1], costParameters(samples)),
    evaluateAll,
    evaluate: async (matrix) => (await evaluateAll([matrix]))[0],
    destroy: () => {
      dispatches.forEach((dispatch) => dispatch.destroy());
      [bytes, pairs, counts, totals, rows, terms, transform, value, window]
        .forEach((buffer) => buffer.destroy());
    },
  };
}

function workgroupShape(quads: number): { wx: number; wy: number } {
  let best = { wx: 64, wy: 1 };
  let least = Infinity;
  for (const wx of [64, 32, 16, 8]) {
    const covered = Math.ceil(quads / wx) * wx;
    if (covered < least) [best, least] = [{ wx, wy: 64 / wx }, covered];
  }
  return best;
}

/** An image on the host, for the twin. */
export interface MattesReferenceImage {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Intensities, x fastest. */
  readonly data: Float32Array;
  /** Intensities that the bins span. */
  readonly range: IntensityRange;
  /** Voxels with 0 do not count. */
  readonly mask?: Int32Array | undefined;
}

/**
 * The plain twin of {@link PreparedMattes.evaluate}.
 *
 * @param subdivisions - Parts that a moving bin is counted in; Infinity evaluates the window at each sample.
 */
export function mattesReference(
  fixed: MattesReferenceImage,
  moving: MattesReferenceImage,
  matrix: Matrix4,
  subdivisions: number = MATTES_SUBDIVISIONS,
): MattesValue {
  const joint = new Float64Array(MATTES_INNER_BINS * MATTES_BINS);
  const m = matrix;
  const [nx, ny] = fixed.size;
  let samples = 0;
  for (let i = 0; i < fixed.data.length; i++) {
    if (fixed.mask && fixed.mask[i] === 0) continue;
    const x = i % nx;
    const y = Math.floor(i / nx) % ny;
    const z = Math.floor(i / (nx * ny));
    const p: Triple = [0, 4, 8].map((r) =>
      m[r] * x + m[r + 1] * y + m[r + 2] * z + m[r + 3]
    ) as unknown as Triple;
    const moved = sample(moving, p);
    if (moved === undefined) continue;
    samples++;
    const bin = Math.floor(unit(fixed.data[i], fixed.range) * MATTES_INNER_BINS);
    const row = Math.min(bin, MATTES_INNER_BINS - 1) * MATTES_BINS;
    const at = moved * MATTES_INNER_BINS;
    const index = Math.min(Math.floor(at), MATTES_INNER_BINS - 1);
    const part = subdivisions === Infinity
      ? at - index
      : (Math.min(Math.floor((at - index) * subdivisions), subdivisions - 1) + 0.5) / subdivisions;
    cubicWindow(part).forEach((weight, k) => joint[row + index + 1 + k] += weight);
  }
  const value = information(joint, samples);
  return { cost: -value, information: value, samples };
}

function unit(value: number, { minimum, maximum }: IntensityRange): number {
  return Math.min(1, Math.max(0, (value - minimum) / (maximum - minimum)));
}

/** The moving intensity at `p` as a fraction of the range; undefined outside image or mask. */
function sample(
  { size, data, range, mask }: MattesReferenceImage,
  p: Triple,
): number | undefined {
  const low = [0, 0, 0];
  const fraction = [0, 0, 0];
  for (let axis = 0; axis < 3; axis++) {
    if (p[axis] < -0.5 || p[axis] > size[axis] - 0.5) return undefined;
    const inside = Math.min(size[axis] - 1, Math.max(0, p[axis]));
    low[axis] = Math.min(Math.floor(inside), Math.max(size[axis] - 2, 0));
    fraction[axis] = inside - low[axis];
  }
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    let weight = 1;
    let index = 0;
    for (let axis = 2; axis >= 0; axis--) {
      const upper = (corner >> axis) & 1;
      weight *= upper ? fraction[axis] : 1 - fraction[axis];
      index = index * size[axis] + Math.min(low[axis] + upper, size[axis] - 1);
    }
    if (mask && mask[index] === 0) return undefined;
    sum += weight * unit(data[index], range);
  }
  return sum;
}

function information(joint: Float64Array, samples: number): number {
  const ofFixed = new Float64Array(MATTES_INNER_BINS);
  const ofMoving = new Float64Array(MATTES_BINS);
  const term = (p: number) => p > 1e-12 ? p * Math.log(p) : 0;
  let sum = 0;
  joint.forEach((count, i) => {
    const p = count / Math.max(samples, 1);
    ofFixed[Math.floor(i / MATTES_BINS)] += p;
    ofMoving[i % MATTES_BINS] += p;
    sum += term(p);
  });
  ofFixed.forEach((p) => sum -= term(p));
  ofMoving.forEach((p) => sum -= term(p));
  return sum;
}
