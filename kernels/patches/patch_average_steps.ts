/**
 * The steps of patch-averaged synthesis: gathering patches of a volume, and averaging their results.
 *
 * @module
 */

import type { Complete } from "../../host/defaults.ts";
import type { BufferRange, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Recorder } from "../gpu/recorder.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";
import { ACCUMULATE_PATCH, GATHER_PATCH } from "./patch_average.wgsl.ts";
import {
  checkedOptions,
  type PatchAverageOptions,
  patchesBetween,
  type PatchPosition,
  regionLayout,
} from "./patch_regions.ts";
import {
  type PatchSlab,
  patchSlabs,
  patchWindow,
  startTable,
  VALUES_PER_POSITION,
} from "./patch_starts.ts";
import type { PlaneStack } from "./plane_stack.ts";

/** Maximum size of a slab, bytes, even if larger bindings are possible. */
const MAX_SLAB_BYTES = 128 * 1024 * 1024;

/**
 * Values per entry of the table of slabs: the five fields of the WGSL struct Slab, padded to the smallest
 * binding.
 */
const VALUES_PER_SLAB = 8;

/** A kernel that copies between patches and planes. */
interface RegionPass {
  readonly kernel: Kernel;
  /** Index of the first patch in `values`. */
  readonly from: number;
  /** At most `batch` patches. */
  readonly patches: readonly PatchPosition[];
  /** The values of the patches, one patch after the other. */
  readonly values: GpuBuffer;
  /** The planes of the slab. */
  readonly planes: GpuBuffer;
}

/**
 * The steps of `patchAverage`, for callers who run the network themselves. For each slab in order: `load`
 * it, `gather` and `accumulate` each of its patches in order, then `store` it.
 */
export class PatchAverage {
  /** Total number of patches. */
  readonly total: number;
  /** Number of values per patch: patch x patch x channels. */
  readonly patchValues: number;
  /** The parts of the volume that are on the GPU at a time, in order. */
  readonly slabs: readonly PatchSlab[];
  /** The mean so far, x fastest; complete after the last slab is stored. */
  readonly result: Float32Array;

  #gpu: Gpu;
  #options: Complete<PatchAverageOptions>;
  #stack: PlaneStack;
  #starts: readonly (readonly number[])[];
  #tables: { readonly buffer: GpuBuffer; readonly pitch: number; readonly bytes: number }[] = [];
  #slabPitch: number;
  #slabTable: GpuBuffer;
  #source: GpuBuffer;
  #mean: GpuBuffer;
  #owned: Owned;
  #slab: PatchSlab | undefined;

  private constructor(gpu: Gpu, options: PatchAverageOptions, owned: Owned) {
    this.#gpu = gpu;
    this.#owned = owned;
    this.#options = checkedOptions(gpu, options);
    const { patch, channels, batch, weights } = this.#options;
    const { stack, starts } = regionLayout(this.#options);
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
      bytes: Math.floor(Math.min(gpu.maxBindingBytes, MAX_SLAB_BYTES) / 16) * 16,
    });
    this.result = new Float32Array(this.#options.image.length);
    this.#slabPitch = aligned(gpu, 4 * VALUES_PER_SLAB);
    const sizes = [patch, patch, channels];
    const names = ["columns", "rows", "slices"];
    starts.forEach((axisStarts, i) => {
      const bytes = 4 * VALUES_PER_POSITION * sizes[i];
      const pitch = aligned(gpu, bytes);
      const table = startTable(axisStarts, patchWindow(sizes[i], weights), pitch / 4);
      const buffer = this.#buffer(`patch ${names[i]}`, table.byteLength);
      gpu.write(buffer, table);
      this.#tables.push({ buffer, pitch, bytes });
    });
    const bytes = Math.max(...this.slabs.map((slab) => 4 * columns * planeRows(slab)));
    this.#slabTable = this.#buffer("patch slab", batch * this.#slabPitch);
    this.#source = this.#buffer("patch source", bytes);
    this.#mean = this.#buffer("patch mean", bytes);
  }

  /**
   * Cuts a volume into patches and makes room for them; destroy it after use.
   *
   * @throws {RangeError} when an option makes no sense.
   * @throws {import("../gpu/errors.ts").GpuMemoryError} when there is too little memory.
   */
  static of(gpu: Gpu, options: PatchAverageOptions): PatchAverage {
    return Owned.build((owned) => new PatchAverage(gpu, options, owned));
  }

  /**
   * The patches of a slab in the order in which they must be accumulated: columns first, then rows, then
   * slices.
   */
  patchesOf({ rowStarts, sliceStarts }: PatchSlab): PatchPosition[] {
    return patchesBetween(this.#starts, rowStarts, sliceStarts);
  }

  /** Uploads a slab of the image, and the mean that earlier slabs left in it. */
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
        // The fields of the WGSL struct Slab: columns, plane, firstRow, firstSlice, firstValue.
        [columns, plane, slab.rows[0], slab.slices[0], i * this.patchValues],
        i * this.#slabPitch / 4,
      );
    }
    gpu.write(this.#slabTable, table);
    this.#slab = slab;
  }

  /** Records copies of the patches' voxels into `target`, one patch after the other; at most `batch` patches. */
  gather(recorder: Recorder, patches: readonly PatchPosition[], target: GpuBuffer): void {
    this.#record(recorder, {
      kernel: GATHER_PATCH,
      from: 0,
      patches,
      values: target,
      planes: this.#source,
    });
  }

  /**
   * Records the addition of the network's results, in the layout of `gather`, to the mean.
   *
   * @param from - Index of the first of these patches in `source`.
   */
  accumulate(
    recorder: Recorder,
    patches: readonly PatchPosition[],
    source: GpuBuffer,
    from = 0,
  ): void {
    this.#record(recorder, {
      kernel: ACCUMULATE_PATCH,
      from,
      patches,
      values: source,
      planes: this.#mean,
    });
  }

  /** Reads the slab's mean back into the result, after all submitted work has ended. */
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

  /** Frees the buffers; the result stays. */
  destroy(): void {
    this.#owned.destroy();
  }

  #record(recorder: Recorder, { kernel, from, patches, values, planes }: RegionPass): void {
    const { patch, channels, batch } = this.#options;
    const bytes = 4 * (from + patches.length) * this.patchValues;
    if (this.#slab === undefined) throw new RangeError("There is no slab: `load` one first");
    if (from + patches.length > batch) {
      throw new RangeError(`${from + patches.length} patches were given; \`batch\` is ${batch}`);
    }
    if (values.bytes < bytes) {
      throw new RangeError(
        `"${values.label}" has ${values.bytes} bytes; ${patches.length} patches of ` +
          `${patch} x ${patch} x ${channels} float32 values take ${bytes}`,
      );
    }
    const workgroup = rowWorkgroup(patch);
    patches.forEach(({ index }, i) => {
      const slabEntry = {
        buffer: this.#slabTable,
        offset: (from + i) * this.#slabPitch,
        bytes: 32,
      };
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
    return this.#owned.add(this.#gpu.buffer(label, bytes));
  }
}

/** `bytes` rounded up so that a binding can begin there. */
function aligned(gpu: Gpu, bytes: number): number {
  return Math.ceil(bytes / gpu.bindingAlignment) * gpu.bindingAlignment;
}

/** Rows in all planes of a slab. */
function planeRows({ rows, slices }: PatchSlab): number {
  return (rows[1] - rows[0]) * (slices[1] - slices[0]);
}

/** The planes of a slab, and the indices of their first values in its buffers. */
function planesOf({ rows: [begin, end], slices: [first, last] }: PatchSlab, plane: number) {
  return Array.from({ length: last - first }, (_, i) => ({
    rows: { slice: first + i, begin, end },
    at: i * plane,
  }));
}
