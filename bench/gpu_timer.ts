/**
 * GPU time of dispatches, by timestamp queries.
 *
 * @module
 */

import type { Dispatch, Gpu } from "../kernels/gpu/gpu.ts";
import { encodeDispatch } from "../kernels/gpu/recorder.ts";

/**
 * Milliseconds of GPU time of each dispatch, run in order, each in a pass of its own.
 *
 * @throws {Error} when the adapter has no timestamp queries.
 */
export async function timeDispatches(gpu: Gpu, dispatches: readonly Dispatch[]): Promise<number[]> {
  const { device } = gpu;
  if (!device.features.has("timestamp-query")) {
    throw new Error("This adapter has no timestamp queries: kernels cannot be timed on it");
  }
  const count = 2 * dispatches.length;
  const queries = device.createQuerySet({ type: "timestamp", count });
  const encoder = device.createCommandEncoder();
  dispatches.forEach((dispatch, i) => {
    const pass = encoder.beginComputePass({
      timestampWrites: {
        querySet: queries,
        beginningOfPassWriteIndex: 2 * i,
        endOfPassWriteIndex: 2 * i + 1,
      },
    });
    encodeDispatch(pass, dispatch);
    pass.end();
  });
  device.queue.submit([encoder.finish()]);
  const times = await readTimes(device, queries, dispatches.length);
  gpu.check();
  queries.destroy();
  return times;
}

/** Milliseconds between the first `count` pairs of timestamps. */
export async function readTimes(
  device: GPUDevice,
  queries: GPUQuerySet,
  count: number,
): Promise<number[]> {
  const size = 16 * count;
  const resolved = device.createBuffer({
    size,
    usage: GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
  });
  const readable = device.createBuffer({
    size,
    usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
  });
  const encoder = device.createCommandEncoder();
  encoder.resolveQuerySet(queries, 0, 2 * count, resolved, 0);
  encoder.copyBufferToBuffer(resolved, 0, readable, 0, size);
  device.queue.submit([encoder.finish()]);
  await readable.mapAsync(GPUMapMode.READ);
  const stamps = new BigUint64Array(readable.getMappedRange().slice(0));
  resolved.destroy();
  readable.destroy();
  return Array.from({ length: count }, (_, i) => Number(stamps[2 * i + 1] - stamps[2 * i]) / 1e6);
}
