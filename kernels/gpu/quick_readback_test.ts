import { assert, assertEquals, assertLess, assertRejects } from "@std/assert";
import { RUNTIME } from "../../host/runtime.ts";
import { gpuTest } from "../../testing/gpu.ts";
import { GpuLostError, GpuValidationError } from "./errors.ts";
import { Gpu } from "./gpu.ts";
import { QuickReadback } from "./quick_readback.ts";

gpuTest("QuickReadback reads what was written, in every size and at every offset", async (gpu) => {
  const readback = await QuickReadback.open(gpu.device);
  // These tests run in a version of Deno with which it works.
  assert(readback !== undefined && RUNTIME === "deno");
  const values = Uint32Array.from({ length: 700_001 }, (_, i) => Math.imul(i, 2654435761));
  const buffer = gpu.upload("values", values);
  const bytes = new Uint8Array(values.buffer);
  // The last one is longer than the staging buffer.
  for (const [offset, length] of [[0, 4], [8, 7], [4, 2 ** 20], [400, 2_800_004 - 400]]) {
    const read = await readback.read(buffer.handle, offset, length);
    assertEquals(new Uint8Array(read!), bytes.slice(offset, offset + length));
  }
  assertEquals(await readback.read(buffer.handle, 0, 2 ** 24), undefined, "too many bytes");
  assertEquals(await readback.finish(), true);
  readback.destroy();
  buffer.destroy();
});

gpuTest("download() of a few bytes does not pause for 10 ms", async (gpu) => {
  const buffer = gpu.upload("value", Float32Array.of(1));
  const times: number[] = [];
  for (let i = 0; i < 30; i++) {
    gpu.write(buffer, Float32Array.of(i));
    const began = performance.now();
    assertEquals(new Float32Array(await gpu.download(buffer))[0], i);
    times.push(performance.now() - began);
  }
  // The fastest: other work on the machine has no part in it.
  assertLess(Math.min(...times), 5);
  buffer.destroy();
});

gpuTest("download() lets timers and signals run", async (gpu) => {
  const buffer = gpu.upload("value", Float32Array.of(1));
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const end = performance.now() + 200;
  while (performance.now() < end) await gpu.download(buffer);
  clearInterval(timer);
  assert(ticks > 5, `${ticks} ticks`);
  buffer.destroy();
});

gpuTest("download() raises the errors of work before it, and of a lost device", async () => {
  using gpu = await Gpu.open();
  const unreadable = gpu.device.createBuffer({ size: 4, usage: GPUBufferUsage.COPY_DST });
  const target = gpu.buffer("target", 4);
  const encoder = gpu.device.createCommandEncoder();
  encoder.copyBufferToBuffer(unreadable, 0, target.handle, 0, 4);
  gpu.device.queue.submit([encoder.finish()]);
  await assertRejects(() => gpu.download(target), GpuValidationError);
  assertEquals((await gpu.download(target, 0, 4)).byteLength, 4);
  gpu.device.destroy();
  await assertRejects(() => gpu.download(target), GpuLostError);
});
