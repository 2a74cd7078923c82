/**
 * Mattes mutual information of a fixed image and a moving image seen through an affine matrix
 * (Mattes et al. 2003, IEEE TMI 22:120): 50 bins, a box window on the fixed and a cubic B-spline
 * window on the moving intensities, every voxel. The counts are whole numbers, so two runs agree to
 * the last bit: each moving bin is counted in eight parts, and the window is applied to the parts.
 *
 * @module
 */

import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { Dispatch, DispatchOptions, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import {
  fixedBinReference,
  fixedBins,
  fixedBinSlabs,
  type IntensityRange,
  movingPairs,
  rangeFraction,
} from "./mattes_bins.ts";
import {
  MATTES_BINS,
  MATTES_INNER_BINS,
  MATTES_ROW,
  MATTES_SUBDIVISIONS,
  MATTES_TRANSFORM_BYTES,
} from "./mattes_constants.ts";
import {
  MATTES_COUNT,
  MATTES_ROWS,
  MATTES_TERMS,
  MATTES_TOTALS,
  MATTES_VALUE,
} from "./mattes_histogram.wgsl.ts";
import { cutSlabs } from "../gpu/slabs.ts";

/** Options of {@link prepareMattes}. */
export interface MattesOptions {
  /** The fixed image. */
  readonly fixed: GpuImage;
  /** The moving image. */
  readonly moving: GpuImage;
  /** The intensities that the bins of the fixed image span. */
  readonly fixedRange: IntensityRange;
  /** The intensities that the bins of the moving image span. */
  readonly movingRange: IntensityRange;
  /** i32 image on the fixed image's grid: voxels with 0 do not count. */
  readonly fixedMask?: GpuImage | undefined;
  /** i32 image on the moving image's grid: a sample that is interpolated from a voxel with 0 does not count. */
  readonly movingMask?: GpuImage | undefined;
  /** Minimum number of samples; with fewer, the cost is `TOO_FEW_SAMPLES_COST`. Default 1. */
  readonly minSamples?: number | undefined;
  /**
   * The samples of a complete overlap. When given, the cost is -information * samples / `wholeSamples`, which
   * a small overlap does not inflate. When absent, the cost is -information.
   */
  readonly wholeSamples?: number | undefined;
  /**
   * Maximum number of points (matrices) that are evaluated at once; each has its own counters. It is smaller if the
   * counters do not fit into a binding. Default 1.
   */
  readonly points?: number | undefined;
  /**
   * Sparse evaluations count one of so many rows of the fixed image (along x). The rows of neighbouring planes are
   * displaced against each other. Default 1: all rows.
   */
  readonly rowStep?: number | undefined;
}

/** The value of the metric at a transform. */
export interface MattesValue {
  /** The cost: a registration minimises it. */
  readonly cost: number;
  /** Mutual information in nats. */
  readonly information: number;
  /** Fixed voxels that were counted. */
  readonly samples: number;
}

/** The metric, prepared on the GPU: record it as often as needed. */
export interface PreparedMattes {
  /** Maximum number of points that are evaluated at once. */
  readonly points: number;
  /** For each point the struct of {@link MATTES_TRANSFORM_WGSL}. */
  readonly transform: GpuBuffer;
  /** Four f32 for each point: the cost, the samples, the information, 0. */
  readonly value: GpuBuffer;
  /** Changes the option `minSamples` of all later evaluations of given matrices. */
  setMinSamples(samples: number): void;
  /** Records one evaluation of the first points, as the buffer `transform` has them then. Default 1. */
  record(recorder: Recorder, points?: number): void;
  /** Evaluates at a matrix from fixed to moving voxel index and reads the value. */
  evaluate(matrix: Matrix4): Promise<MattesValue>;
  /**
   * Evaluates at several matrices and reads all values in one transfer.
   *
   * @param isSparse - Counts the rows of the option `rowStep` alone; the value's samples are theirs. Default false.
   */
  evaluateAll(matrices: readonly Matrix4[], isSparse?: boolean): Promise<MattesValue[]>;
  /** Frees all its buffers (not the images). */
  destroy(): void;
}

/** Weights of the four bins index-1 .. index+2 for a value at `t` bins above the centre of bin `index`. */
export function cubicWindow(t: number): [number, number, number, number] {
  return [cubic(1 + t), cubic(t), cubic(1 - t), cubic(2 - t)];
}

function cubic(distance: number): number {
  if (distance >= 2) return 0;
  if (distance >= 1) return (2 - distance) ** 3 / 6;
  return (4 - 6 * distance ** 2 + 3 * distance ** 3) / 6;
}

/** The displacement of the counted rows from plane to plane: about 0.4 of their distance, without a common divisor. */
export function rowShift(rowStep: number): number {
  const divisor = (a: number, b: number): number => b === 0 ? a : divisor(b, a % b);
  let shift = Math.max(1, Math.round(0.4 * rowStep));
  while (divisor(rowStep, shift) > 1) shift--;
  return shift;
}

/** Number of copies of the counters, which spread the atomics: it grows with the number of voxels. */
function copiesFor(gpu: Gpu, voxels: number): number {
  return Math.max(2, Math.min(gpu.isSoftware ? 4 : 32, Math.ceil(voxels / 32768)));
}

/**
 * Prepares the metric of a pair of images.
 *
 * @throws {RangeError} when not even the smallest slab of an image fits into a binding.
 * @throws {GpuMemoryError} when the buffers do not fit into the memory budget.
 */
export function prepareMattes(gpu: Gpu, options: MattesOptions): PreparedMattes {
  return Owned.build((owned) => prepareOwned(gpu, options, owned));
}

function prepareOwned(gpu: Gpu, options: MattesOptions, owned: Owned): PreparedMattes {
  const { fixed, fixedRange, fixedMask, moving, movingRange, movingMask } = options;
  const { wholeSamples = 0, rowStep = 1 } = options;
  let { minSamples = 1 } = options;
  const bytes = owned.add(fixedBins(gpu, { image: fixed, range: fixedRange, mask: fixedMask }));
  const pairs = owned.add(
    movingPairs(gpu, { image: moving, range: movingRange, mask: movingMask }),
  );
  const [nx, ny, nz] = fixed.size;
  const quads = rowPitch(nx) / 4;
  const voxels = nx * ny * nz;
  const copies = copiesFor(gpu, voxels);
  const buffer = (label: string, size: number) => owned.add(gpu.buffer(`Mattes ${label}`, size));
  const bytesOfPoint = 4 * copies * MATTES_INNER_BINS * MATTES_ROW;
  // The counters of all points are one binding.
  const fitting = Math.floor(gpu.maxBindingBytes / bytesOfPoint);
  const points = Math.max(1, Math.min(options.points ?? 1, fitting));
  const counts = buffer("counts", points * bytesOfPoint);
  const rows = buffer("rows", 8 * points * MATTES_INNER_BINS * MATTES_BINS);
  const totals = buffer("totals", 4 * points * MATTES_INNER_BINS * MATTES_ROW);
  const terms = buffer("terms", 8 * points * 64);
  const transform = buffer("transform", points * MATTES_TRANSFORM_BYTES);
  const value = buffer("value", 16 * points);
  const weights = Array.from(
    { length: MATTES_SUBDIVISIONS },
    (_, part) => cubicWindow((part + 0.5) / MATTES_SUBDIVISIONS),
  );
  const window = owned.add(gpu.upload("Mattes window", Float32Array.from(weights.flat())));
  const plane = fixed.pitch * ny;
  const prepare = (kernel: Kernel, dispatch: DispatchOptions): Dispatch =>
    owned.add(gpu.prepare(kernel, dispatch));
  const constants = workgroupShape(quads);
  const read = [4 * moving.pitch * moving.size[1]];
  const movingSlabs = cutSlabs(gpu, { planes: moving.size[2], bound: read, read, after: 1 });
  const countRows = (rowStep: number): Dispatch[] =>
    fixedBinSlabs(gpu, fixed).flatMap(({ begin, end }) =>
      movingSlabs.map((movingSlab) =>
        prepare(MATTES_COUNT, {
          parameters: {
            size: fixed.size,
            plane: begin,
            movingSize: moving.size,
            movingPitch: moving.pitch,
            quads,
            copies,
            begin: movingSlab.begin,
            end: movingSlab.end,
            rowStep,
            rowShift: rowShift(rowStep),
            planes: end - begin,
          },
          buffers: [
            transform,
            { buffer: bytes, offset: begin * plane, bytes: (end - begin) * plane },
            planesOf(pairs, movingSlab.begin, movingSlab.to),
            counts,
          ],
          constants,
          workgroups: [
            Math.ceil(quads / constants.wx),
            Math.ceil(Math.ceil(ny / rowStep) / constants.wy),
            end - begin,
          ],
        })
      )
    );
  const sums = [
    prepare(MATTES_TOTALS, {
      parameters: { copies },
      buffers: [transform, counts, totals],
      workgroups: [Math.ceil(MATTES_INNER_BINS * MATTES_ROW / 4 / 64)],
    }),
    prepare(MATTES_ROWS, {
      buffers: [transform, window, totals, rows],
      workgroups: [MATTES_INNER_BINS],
    }),
    prepare(MATTES_TERMS, {
      parameters: { voxels },
      buffers: [transform, rows, terms],
      workgroups: [1],
    }),
  ];
  const evaluation = (step: number): Dispatch[] => {
    const valueDispatch = prepare(MATTES_VALUE, {
      parameters: { wholeSamples: wholeSamples / step, voxels, rowStep: step },
      buffers: [transform, terms, value],
      workgroups: [1],
    });
    return [...countRows(step), ...sums, valueDispatch];
  };
  const whole = evaluation(1);
  const sparse = rowStep === 1 ? whole : evaluation(rowStep);
  const record = (recorder: Recorder, points: number, dispatches: readonly Dispatch[]) =>
    dispatches.forEach((dispatch) => recorder.run(ofPoints(dispatch, points)));
  const evaluateAll = async (
    matrices: readonly Matrix4[],
    isSparse = false,
  ): Promise<MattesValue[]> => {
    const scratch = new Owned();
    try {
      const results = scratch.add(gpu.buffer("Mattes results", 16 * matrices.length));
      for (let first = 0; first < matrices.length; first += points) {
        const some = matrices.slice(first, first + points);
        const transforms = some.flatMap((m) => [...m.slice(0, 12), 0, minSamples, 0, 0]);
        gpu.write(transform, new Float32Array(transforms));
        const recorder = gpu.record("Mattes");
        record(recorder, some.length, isSparse ? sparse : whole);
        recorder.copy(value, results, 16 * some.length, 0, 16 * first).submit();
      }
      const read = new Float32Array(await gpu.download(results));
      return matrices.map((_, i) => {
        const [cost, samples, information] = read.subarray(4 * i, 4 * i + 3);
        return { cost, samples, information };
      });
    } finally {
      scratch.destroy();
    }
  };
  return {
    points,
    transform,
    value,
    record: (recorder, points = 1) => record(recorder, points, whole),
    setMinSamples: (samples) => minSamples = samples,
    evaluateAll,
    evaluate: async (matrix) => (await evaluateAll([matrix]))[0],
    destroy: () => owned.destroy(),
  };
}

/** A dispatch of one point for several points. */
function ofPoints(dispatch: Dispatch, points: number): Dispatch {
  const [x, y, z] = dispatch.workgroups;
  return { ...dispatch, workgroups: [x, y, points * z] };
}

/** A workgroup of 64 over rows of `quads` items: as few idle invocations as possible, in long rows. */
function workgroupShape(quads: number): { wx: number; wy: number } {
  let best = { wx: 64, wy: 1 };
  let min = Infinity;
  for (const wx of [64, 32, 16, 8]) {
    const covered = Math.ceil(quads / wx) * wx;
    if (covered < min) [best, min] = [{ wx, wy: 64 / wx }, covered];
  }
  return best;
}

/** An image on the host, for the twin. */
export interface MattesReferenceImage {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Intensities, x fastest. */
  readonly data: Float32Array;
  /** The intensities that the bins span. */
  readonly range: IntensityRange;
  /** Voxels with 0 do not count. */
  readonly mask?: Int32Array | undefined;
}

/**
 * The plain twin of {@link PreparedMattes.evaluate}.
 *
 * @param subdivisions - Number of parts that a moving bin is counted in; Infinity evaluates the window at
 *   each sample.
 * @param rowStep - One of so many rows of the fixed image counts.
 */
export function mattesReference(
  fixed: MattesReferenceImage,
  moving: MattesReferenceImage,
  matrix: Matrix4,
  subdivisions: number = MATTES_SUBDIVISIONS,
  rowStep = 1,
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
    if (y % rowStep !== z * rowShift(rowStep) % rowStep) continue;
    const p: Triple = [0, 4, 8].map((r) =>
      m[r] * x + m[r + 1] * y + m[r + 2] * z + m[r + 3]
    ) as unknown as Triple;
    const moved = sample(moving, p);
    if (moved === undefined) continue;
    samples++;
    const row = fixedBinReference(fixed.data[i], fixed.range) * MATTES_BINS;
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

/** The moving intensity at voxel index `p` as a fraction of the range; undefined outside image or mask. */
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
    sum += weight * rangeFraction(data[index], range);
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
