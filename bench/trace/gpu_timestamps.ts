/**
 * The times of all dispatches of a device, on the clock of the host.
 *
 * @module
 */

import type { Gpu } from "../../kernels/gpu/gpu.ts";

/** The time of a dispatch on the GPU. */
export interface DispatchTime {
  /** The label of its kernel. */
  readonly name: string;
  /** The begin, in ms of `performance.now()`. */
  readonly start: number;
  /** The end, in ms of `performance.now()`. */
  readonly end: number;
}

/** Queries of a set: the maximum of WebGPU. */
const SET_QUERIES = 4096;
/** Resolved queries begin at multiples of 256 bytes. */
const ALIGNMENT = 32;
/** Dispatches are not timed any more after so many queries. */
const MAX_QUERIES = 256 * SET_QUERIES;
/** Measurements of the difference between both clocks; the one of the shortest wait counts. */
const CALIBRATIONS = 5;

/** A set of queries and their values. */
interface QuerySet {
  readonly queries: GPUQuerySet;
  readonly values: GPUBuffer;
}

/** A part of a set that the next commands resolve. */
interface Range {
  readonly set: QuerySet;
  readonly first: number;
  count: number;
}

/** Times dispatches by timestamp queries. */
export class GpuTimestamps {
  #gpu: Gpu;
  #sets: QuerySet[] = [];
  /** The index of the next query, over all sets. */
  #next = 0;
  #ranges: Range[] = [];
  #dispatches: { readonly name: string; readonly query: number }[] = [];
  /** The clock of the GPU minus that of the host, ms. */
  #offset = 0;

  private constructor(gpu: Gpu) {
    this.#gpu = gpu;
  }

  /** Compares the clocks; undefined if the adapter has no timestamp queries. */
  static async open(gpu: Gpu): Promise<GpuTimestamps | undefined> {
    if (!gpu.device.features.has("timestamp-query")) return undefined;
    const times = new GpuTimestamps(gpu);
    const waits: { start: number; end: number }[] = [];
    for (let i = 0; i < CALIBRATIONS; i++) {
      const encoder = gpu.device.createCommandEncoder();
      encoder.beginComputePass({ timestampWrites: times.next("clock")! }).end();
      times.resolve(encoder);
      const start = performance.now();
      gpu.device.queue.submit([encoder.finish()]);
      await gpu.finish();
      waits.push({ start, end: performance.now() });
    }
    const stamps = await times.read();
    times.#dispatches = [];
    let shortest = Infinity;
    waits.forEach(({ start, end }, i) => {
      if (end - start >= shortest) return;
      shortest = end - start;
      times.#offset = (stamps[i].start + stamps[i].end - start - end) / 2;
    });
    return times;
  }

  /** The timestamps of the next dispatch; undefined if there are too many. */
  next(name: string): GPUComputePassTimestampWrites | undefined {
    if (this.#next >= MAX_QUERIES) return undefined;
    const query = this.#next;
    this.#next += 2;
    const set = this.#sets[Math.floor(query / SET_QUERIES)] ??= this.#newSet();
    const first = query % SET_QUERIES;
    const last = this.#ranges.at(-1);
    if (last?.set === set) last.count += 2;
    else this.#ranges.push({ set, first, count: 2 });
    this.#dispatches.push({ name, query });
    return {
      querySet: set.queries,
      beginningOfPassWriteIndex: first,
      endOfPassWriteIndex: first + 1,
    };
  }

  /** Adds commands that resolve the queries since the last call. */
  resolve(encoder: GPUCommandEncoder): void {
    for (const { set, first, count } of this.#ranges.splice(0)) {
      encoder.resolveQuerySet(set.queries, first, count, set.values, 8 * first);
    }
    this.#next = Math.ceil(this.#next / ALIGNMENT) * ALIGNMENT;
  }

  /** Waits for all dispatches, and returns their times. */
  async read(): Promise<DispatchTime[]> {
    const { device } = this.#gpu;
    const stamps: BigUint64Array[] = [];
    for (const { values } of this.#sets) {
      const readable = device.createBuffer({
        size: values.size,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(values, 0, readable, 0, values.size);
      device.queue.submit([encoder.finish()]);
      await readable.mapAsync(GPUMapMode.READ);
      stamps.push(new BigUint64Array(readable.getMappedRange().slice(0)));
      readable.destroy();
    }
    const at = (query: number) =>
      Number(stamps[Math.floor(query / SET_QUERIES)][query % SET_QUERIES]) / 1e6 - this.#offset;
    return this.#dispatches.map(({ name, query }) => ({
      name,
      start: at(query),
      end: at(query + 1),
    }));
  }

  #newSet(): QuerySet {
    const { device } = this.#gpu;
    return {
      queries: device.createQuerySet({ type: "timestamp", count: SET_QUERIES }),
      values: device.createBuffer({
        size: 8 * SET_QUERIES,
        usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
      }),
    };
  }
}
