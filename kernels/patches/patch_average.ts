/**
 * Patch-averaged synthesis (section 3.1 of the paper): a volume is cut into overlapping patches of
 * P x P pixels in C adjacent planes, each goes through a network, and every voxel gets the weighted
 * mean of what its patches say. Patches count one after the other, so that two runs give the same bytes.
 *
 * @module
 */

import { type Complete, withDefaults } from "../../host/defaults.ts";
import type { Triple } from "../../volume/affine.ts";

import type { BufferRange, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { ACCUMULATE_PATCH, GATHER_PATCH } from "./patch_average.wgsl.ts";
import {
  type PatchSlab,
  patchSlabs,
  patchStarts,
  type PatchWeights,
  patchWindow,
  START_TABLE_WIDTH,
  startTable,
} from "./patch_starts.ts";
import { type PlaneAxes, PlaneStack } from "./plane_stack.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** What is cut, and how. */
export interface PatchAverageOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** The voxels, x fastest. */
  readonly image: Float32Array;
  /** Which voxel axes are columns, rows and slices: one of `PLANES`, or others. */
  readonly axes: PlaneAxes;
  /** Rows and columns of a patch (the paper: 256). */
  readonly patch: number;
  /** Slices of a patch (the paper: 1, 3 or 12). */
  readonly channels: number;
  /** Rows and columns from one patch to the next, at most `patch` (the paper: 4). */
  readonly stride: number;
  /** Slices from one patch to the next, at most `channels` (the paper: 2 of 3, 4 of 12). */
  readonly sliceStride: number;
  /** "uniform", or "feather", which hides the seams of large strides. Default "uniform". */
  readonly weights?: PatchWeights | undefined;
  /** What patches have beyond an axis that is shorter than they are. Default -1. */
  readonly fill?: number | undefined;
  /** Patches that can be gathered into one buffer. Default 1. */
  readonly batch?: number | undefined;
}

/** Where a patch lies. */
export interface PatchPosition {
  /** Which of the starts along columns, rows and slices. */
  readonly index: Triple;
  /** First column, row and slice, counted from the margin around a stack that is smaller than a patch. */
  readonly start: Triple;
}

/** Options of {@link patchAverage}. */
export interface PatchAverageRunOptions extends PatchAverageOptions {
  /**
   * Gets patches one after the other, each float32 [patch, patch, channels], the channel fastest, and
   * gives as many of the same shape: in place, or in a buffer that stays as it is until the next call.
   * It may record and submit only, or wait.
   */
  readonly network: (
    input: GpuBuffer,
    patches: readonly PatchPosition[],
  ) => GpuBuffer | GPUBuffer | Promise<GpuBuffer | GPUBuffer>;
  /** Ends the run with its reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called about twice a second. */
  readonly onProgress?: ((progress: PatchAverageProgress) => void) | undefined;
}

/** How far a run is. */
export interface PatchAverageProgress {
  /** Patches done. */
  readonly patches: number;
  /** Patches in all. */
  readonly total: number;
}

/** More of a volume is not on the GPU at once, wherever more could be bound. */
const MOST_SLAB_BYTES = 128 * 1024 * 1024;
/** Between waits for the GPU, which let Ctrl-C through and keep its queue short. */
const MILLISECONDS_BETWEEN_WAITS = 500;

/**
 * The mean of a network's results over all patches of a volume: x fastest, as the image.
 *
 * @throws {RangeError} when an option makes no sense, or the network's result is too small.
 *
 * @example Usage
 * ```ts
 * import { Gpu } from "../gpu/gpu.ts";
 * import { patchAverage } from "./patch_average.ts";
 * import { PLANES } from "./plane_stack.ts";
 * import { assertEquals } from "@std/assert";
 *
 * if (await navigator.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   const image = Float32Array.from({ length: 9 * 5 * 7 }, (_, i) => Math.sin(i));
 *   const same = await patchAverage(gpu, {
 *     image, size: [9, 5, 7], axes: PLANES.coronal, weights: "feather",
 *     patch: 4, channels: 3, stride: 2, sliceStride: 2,
 *     network: (patches) => patches,
 *   });
 *   assertEquals(same, image);
 * }
 * ```
 */
export async function patchAverage(
  gpu: Gpu,
  options: PatchAverageRunOptions,
): Promise<Float32Array> {
  const { network, signal, onProgress, batch = 1 } = options;
  signal?.throwIfAborted();
  const average = PatchAverage.of(gpu, options);
  let input: GpuBuffer | undefined;
  try {
    input = gpu.buffer("patches", 4 * batch * average.patchValues);
    let done = 0;
    let sinceWait = 0;
    let batches = 1;
    let began = performance.now();
    const { total } = average;
    for (const slab of average.slabs) {
      average.load(slab);
      const patches = average.patchesOf(slab);
      let recorder = gpu.record("patch average");
      for (let first = 0; first < patches.length; first += batch) {
        const some = patches.slice(first, first + batch);
        average.gather(recorder, some, input);
        recorder.submit();
        const output = await network(input, some);
        recorder = gpu.record("patch average");
        average.accumulate(recorder, some, "handle" in output ? output : borrowed(output));
        done += some.length;
        if (++sinceWait < batches) continue;
        recorder.submit();
        recorder = gpu.record("patch average");
        await gpu.finish();
        signal?.throwIfAborted();
        onProgress?.({ patches: done, total });
        const each = (performance.now() - began) / sinceWait;
        batches = Math.min(Math.max(1, Math.round(MILLISECONDS_BETWEEN_WAITS / each)), 1024);
        [sinceWait, began] = [0, performance.now()];
      }
      recorder.submit();
      await average.store();
      signal?.throwIfAborted();
    }
    if (sinceWait > 0) onProgress?.({ patches: done, total });
    return average.result;
  } finally {
    input?.destroy();
    average.destroy();
  }
}

/**
 * The steps of {@link patchAverage}, for callers who run the network themselves: for each slab `load`,
 * for each of its patches in their order `gather` and `accumulate`, then `store`.
 */
export class PatchAverage {
  /** Patches in all. */
  readonly total: number;
  /** Values of one patch: patch x patch x channels. */
  readonly patchValues: number;
  /** What is on the GPU at a time, in order. */
  readonly slabs: readonly PatchSlab[];
  /** The mean so far, x fastest; whole once the last slab was stored. */
  readonly result: Float32Array;

  #gpu: Gpu;
  #options: Complete<PatchAverageOptions>;
  #stack: PlaneStack;
  #starts: readonly (readonly number[])[];
  #tables: { readonly buffer: GpuBuffer; readonly pitch: number; readonly bytes: number }[] = [];
  #slabPitch: number;
  #slabTable!: GpuBuffer;
  #source!: GpuBuffer;
  #mean!: GpuBuffer;
  #buffers: GpuBuffer[] = [];
  #slab: PatchSlab | undefined;

  private constructor(gpu: Gpu, options: PatchAverageOptions) {
    this.#gpu = gpu;
    this.#options = checked(gpu, options);
    const { patch, channels, batch, weights } = this.#options;
    const { stack, starts } = layout(this.#options);
    this.#stack = stack;
    this.#starts = starts;
    this.patchValues = patch * patch * channels;
    this.total = starts.reduce((product, { length }) => product * length, 1);
    const [columns, rows] = stack.extent;
    this.slabs = patchSlabs({
      rowStarts: starts[1],
      sliceStarts: starts[2],
      patch,
      channels,
      columns,
      rows,
      // Buffers are rounded up to whole vectors.
      bytes: Math.floor(Math.min(gpu.maxBindingBytes, MOST_SLAB_BYTES) / 16) * 16,
    });
    this.result = new Float32Array(this.#options.image.length);
    this.#slabPitch = aligned(gpu, 4 * SLAB_VALUES);
    try {
      const sizes = [patch, patch, channels];
      const names = ["columns", "rows", "slices"];
      starts.forEach((some, i) => {
        const bytes = 4 * START_TABLE_WIDTH * sizes[i];
        const pitch = aligned(gpu, bytes);
        const table = startTable(some, patchWindow(sizes[i], weights), pitch / 4);
        const buffer = this.#buffer(`patch ${names[i]}`, table.byteLength);
        gpu.write(buffer, table);
        this.#tables.push({ buffer, pitch, bytes });
      });
      const bytes = Math.max(...this.slabs.map((slab) => 4 * columns * planeRows(slab)));
      this.#slabTable = this.#buffer("patch slab", batch * this.#slabPitch);
      this.#source = this.#buffer("patch source", bytes);
      this.#mean = this.#buffer("patch mean", bytes);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /**
   * Cuts a volume into patches and makes room for them; destroy it after use.
   *
   * @throws {RangeError} when an option makes no sense.
   * @throws {import("../gpu/errors.ts").GpuMemoryError} when there is too little memory.
   */
  static of(gpu: Gpu, options: PatchAverageOptions): PatchAverage {
    return new PatchAverage(gpu, options);
  }

  /** A slab's patches in the order in which they count: columns first, then rows, then slices. */
  patchesOf({ rowStarts, sliceStarts }: PatchSlab): PatchPosition[] {
    return patchesBetween(this.#starts, rowStarts, sliceStarts);
  }

  /** Uploads a slab of the image, and what earlier slabs said about it. */
  load(slab: PatchSlab): void {
    const gpu = this.#gpu;
    const { image, fill, batch } = this.#options;
    const [columns] = this.#stack.extent;
    const plane = columns * (slab.rows[1] - slab.rows[0]);
    const values = new Float32Array(plane);
    for (const { rows, at } of planesOf(slab, plane)) {
      this.#stack.read(image, rows, fill, values);
      gpu.write(this.#source, values, 4 * at);
      if (slab === this.slabs[0]) continue;
      this.#stack.read(this.result, rows, fill, values);
      gpu.write(this.#mean, values, 4 * at);
    }
    const table = new Uint32Array(batch * this.#slabPitch / 4);
    for (let i = 0; i < batch; i++) {
      table.set(
        [columns, plane, slab.rows[0], slab.slices[0], i * this.patchValues],
        i * this.#slabPitch / 4,
      );
    }
    gpu.write(this.#slabTable, table);
    this.#slab = slab;
  }

  /** Records the patches' voxels into `target`, one patch after the other; at most a batch of them. */
  gather(recorder: Recorder, patches: readonly PatchPosition[], target: GpuBuffer): void {
    this.#record(recorder, GATHER_PATCH, patches, target, this.#source);
  }

  /** Records the patches' results, as `gather` gave their voxels, into the mean. */
  accumulate(recorder: Recorder, patches: readonly PatchPosition[], source: GpuBuffer): void {
    this.#record(recorder, ACCUMULATE_PATCH, patches, source, this.#mean);
  }

  /** Reads the slab's mean back into the result, once all that was submitted has ended. */
  async store(): Promise<void> {
    const slab = this.#slab;
    if (slab === undefined) throw new RangeError("There is no slab: `load` one first");
    const [columns] = this.#stack.extent;
    const plane = columns * (slab.rows[1] - slab.rows[0]);
    const mean = new Float32Array(
      await this.#gpu.download(this.#mean, 0, 4 * columns * planeRows(slab)),
    );
    for (const { rows, at } of planesOf(slab, plane)) {
      this.#stack.write(this.result, rows, mean.subarray(at, at + plane));
    }
  }

  /** Frees everything but the result. */
  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) buffer.destroy();
  }

  #record(
    recorder: Recorder,
    kernel: Kernel,
    patches: readonly PatchPosition[],
    values: GpuBuffer,
    planes: GpuBuffer,
  ): void {
    const { patch, channels, batch } = this.#options;
    const bytes = 4 * patches.length * this.patchValues;
    if (this.#slab === undefined) throw new RangeError("There is no slab: `load` one first");
    if (patches.length > batch) {
      throw new RangeError(`${patches.length} patches were given; \`batch\` is ${batch}`);
    }
    if (values.bytes < bytes) {
      throw new RangeError(
        `"${values.label}" has ${values.bytes} bytes; ${patches.length} patches of ` +
          `${patch} x ${patch} x ${channels} float32 values take ${bytes}`,
      );
    }
    const workgroup = rowWorkgroup(patch);
    patches.forEach(({ index }, i) => {
      const slabEntry = { buffer: this.#slabTable, offset: i * this.#slabPitch, bytes: 32 };
      const entries = this.#tables.map((table, axis): BufferRange => ({
        buffer: table.buffer,
        offset: index[axis] * table.pitch,
        bytes: table.bytes,
      }));
      recorder.dispatch(kernel, {
        buffers: [slabEntry, ...entries, values, planes],
        constants: { ...workgroup, patchSize: patch, channels },
        workgroups: [Math.ceil(patch / workgroup.wx), Math.ceil(patch / workgroup.wy)],
      });
    });
  }

  #buffer(label: string, bytes: number): GpuBuffer {
    const buffer = this.#gpu.buffer(label, bytes);
    this.#buffers.push(buffer);
    return buffer;
  }
}

/** Of the shader's struct Slab, with what its alignment and the smallest binding add. */
const SLAB_VALUES = 8;

/** `bytes` rounded up so that a binding can begin there. */
function aligned(gpu: Gpu, bytes: number): number {
  return Math.ceil(bytes / gpu.bindingAlignment) * gpu.bindingAlignment;
}

/** Rows in all planes of a slab. */
function planeRows({ rows, slices }: PatchSlab): number {
  return (rows[1] - rows[0]) * (slices[1] - slices[0]);
}

/** A slab's planes, and where they begin in its buffers. */
function planesOf({ rows: [begin, end], slices: [first, last] }: PatchSlab, plane: number) {
  return Array.from({ length: last - first }, (_, i) => ({
    rows: { slice: first + i, begin, end },
    at: i * plane,
  }));
}

/** A buffer of someone else's, as `Gpu` binds it. */
function borrowed(handle: GPUBuffer): GpuBuffer {
  return { label: handle.label || "network output", bytes: handle.size, handle, destroy() {} };
}

/** The stack that an image is cut from, and the starts along its columns, rows and slices. */
function layout(
  { size, axes, patch, channels, stride, sliceStride }: PatchAverageOptions,
): { stack: PlaneStack; starts: number[][] } {
  const stack = new PlaneStack(size, axes, [patch, patch, channels]);
  const [columns, rows, slices] = stack.extent;
  const starts = [
    patchStarts(columns, patch, stride),
    patchStarts(rows, patch, stride),
    patchStarts(slices, channels, sliceStride),
  ];
  return { stack, starts };
}

function patchesBetween(
  starts: readonly (readonly number[])[],
  rowStarts: readonly [number, number],
  sliceStarts: readonly [number, number],
): PatchPosition[] {
  const patches: PatchPosition[] = [];
  for (let slice = sliceStarts[0]; slice < sliceStarts[1]; slice++) {
    for (let row = rowStarts[0]; row < rowStarts[1]; row++) {
      for (let column = 0; column < starts[0].length; column++) {
        patches.push({
          index: [column, row, slice],
          start: [starts[0][column], starts[1][row], starts[2][slice]],
        });
      }
    }
  }
  return patches;
}

function checked(gpu: Gpu, options: PatchAverageOptions): Complete<PatchAverageOptions> {
  const whole = withDefaults({ weights: "uniform", fill: -1, batch: 1 } as const, options);
  const { size, image, patch, channels, stride, sliceStride, weights, fill, batch } = whole;
  const voxels = size[0] * size[1] * size[2];
  const refuse = (message: string) => {
    throw new RangeError(message);
  };
  const between = (name: string, value: number, most: number, which = "") => {
    if (Number.isInteger(value) && value >= 1 && value <= most) return;
    const range = most === Infinity ? "of at least 1" : `from 1 to ${which}${most}`;
    refuse(`\`${name}\` must be a whole number ${range}, got ${value}`);
  };
  size.forEach((n, axis) => between(`size[${axis}]`, n, Infinity));
  if (image.length !== voxels) {
    refuse(`\`image\` has ${image.length} values, ${size.join(" x ")} needs ${voxels}`);
  }
  between("patch", patch, Infinity);
  between("channels", channels, Infinity);
  between("stride", stride, patch, "`patch` = ");
  between("sliceStride", sliceStride, channels, "`channels` = ");
  if (weights !== "uniform" && weights !== "feather") {
    refuse(`\`weights\` must be "uniform" or "feather", got "${weights}"`);
  }
  if (!Number.isFinite(fill)) refuse(`\`fill\` must be a finite number, got ${fill}`);
  between("batch", batch, Infinity);
  const bytes = 4 * patch * patch * channels;
  const most = Math.floor(gpu.maxBindingBytes / bytes);
  if (batch > most) {
    refuse(
      `\`batch\` x \`patch\`² x \`channels\` take ${batch * bytes} bytes, more than the ` +
        `${gpu.maxBindingBytes} that one binding holds: choose ` +
        (most > 0 ? `a batch of at most ${most}` : "a smaller `patch` or fewer `channels`"),
    );
  }
  return whole;
}

/**
 * The plain twin of {@link patchAverage}: sums of weights and weighted values, and their quotient.
 *
 * @param options - Of them `batch` does not matter.
 * @param network - Gets one patch, the channel fastest, and gives one of the same shape.
 */
export function patchAverageReference(
  options: PatchAverageOptions,
  network: (input: Float32Array, position: PatchPosition) => Float32Array,
): Float32Array {
  const { image, patch, channels, weights = "uniform", fill = -1 } = options;
  const { stack, starts } = layout(options);
  const inPlane = patchWindow(patch, weights);
  const through = patchWindow(channels, weights);
  const sums = new Float64Array(image.length);
  const weight = new Float64Array(image.length);
  for (const position of patchesBetween(starts, [0, starts[1].length], [0, starts[2].length])) {
    const [left, top, front] = position.start;
    const inPatch = Array.from({ length: patch * patch * channels }, (_, i) => {
      const channel = i % channels;
      const column = Math.floor(i / channels) % patch;
      const row = Math.floor(i / (channels * patch));
      return {
        voxel: stack.voxel(left + column, top + row, front + channel),
        counts: inPlane[column] * inPlane[row] * through[channel],
      };
    });
    const input = inPatch.map(({ voxel }) => voxel < 0 ? fill : image[voxel]);
    network(Float32Array.from(input), position).forEach((value, i) => {
      const { voxel, counts } = inPatch[i];
      if (voxel < 0) return;
      sums[voxel] += counts * value;
      weight[voxel] += counts;
    });
  }
  return Float32Array.from(sums, (sum, i) => sum / weight[i]);
}
