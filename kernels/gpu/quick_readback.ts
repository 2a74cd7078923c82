/**
 * Reading back without Deno's pause: Deno sleeps 10 ms after a finished `mapAsync` before it settles the promise.
 *
 * In Deno `mapAsync` returns only when the buffer is mapped, so that its range can be read at once, without awaiting
 * the promise. That holds for buffers that were mapped before with an awaited promise; with others Deno would end the
 * process. So there is one staging buffer, which is mapped once when the device opens, and the versions of Deno are
 * those with which this was measured. Everything else awaits.
 *
 * @module
 */

import { nodeModule, RUNTIME, runtimeVersion } from "../../host/runtime.ts";

/** The versions of Deno with which this works. */
const VERSIONS = /^2\.9\./;
/** Size of the staging buffer. */
const STAGING_BYTES = 2 ** 20;
/** Reads of more bytes await: their copies take longer than the pause. */
const MAX_BYTES = 8 * STAGING_BYTES;

/** A buffer on a device that reads back at once. */
export class QuickReadback {
  #device: GPUDevice;
  #staging: GPUBuffer;
  #value: GPUBuffer;
  #immediate: (done: () => void) => void;

  private constructor(device: GPUDevice, immediate: (done: () => void) => void) {
    this.#device = device;
    this.#immediate = immediate;
    this.#staging = device.createBuffer({
      label: "quick readback",
      size: STAGING_BYTES,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    this.#value = device.createBuffer({
      label: "quick readback value",
      size: 4,
      usage: GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST,
    });
  }

  /** Prepares a device; undefined in other runtimes, in other versions of Deno, and if a test of it fails. */
  static async open(device: GPUDevice): Promise<QuickReadback | undefined> {
    const timers = nodeModule("node:timers");
    const isKnown = RUNTIME === "deno" && VERSIONS.test(runtimeVersion() ?? "");
    if (!isKnown || timers === undefined) return undefined;
    const readback = new QuickReadback(device, (done) => timers.setImmediate(done));
    try {
      await readback.#staging.mapAsync(GPUMapMode.READ);
      readback.#staging.unmap();
      if (await readback.#works()) return readback;
    } catch {
      // The caller reads back in the ordinary way, and learns of a lost device there.
    }
    readback.destroy();
    return undefined;
  }

  /**
   * Reads bytes back after all work submitted before.
   *
   * @param offset - A multiple of 4.
   * @returns The bytes; undefined if this cannot read so many, or if the buffer could not be mapped.
   */
  async read(from: GPUBuffer, offset: number, bytes: number): Promise<ArrayBuffer | undefined> {
    if (bytes > MAX_BYTES) return undefined;
    const whole = new Uint8Array(bytes);
    for (let done = 0; done < bytes; done += STAGING_BYTES) {
      const part = this.#readPart(from, offset + done, Math.min(STAGING_BYTES, bytes - done));
      if (part === undefined) return undefined;
      whole.set(part, done);
    }
    // Errors of the driver and signals such as Ctrl-C arrive between tasks.
    await new Promise<void>((done) => this.#immediate(done));
    return whole.buffer;
  }

  /**
   * Waits until all submitted work has ended.
   *
   * @returns False if it could not wait.
   */
  async finish(): Promise<boolean> {
    return await this.read(this.#value, 0, 4) !== undefined;
  }

  /** Frees the buffers. */
  destroy(): void {
    this.#staging.destroy();
    this.#value.destroy();
  }

  #readPart(from: GPUBuffer, offset: number, bytes: number): Uint8Array | undefined {
    const size = Math.ceil(bytes / 4) * 4;
    const encoder = this.#device.createCommandEncoder({ label: "quick readback" });
    encoder.copyBufferToBuffer(from, offset, this.#staging, 0, size);
    this.#device.queue.submit([encoder.finish()]);
    this.#staging.mapAsync(GPUMapMode.READ, 0, size).catch(() => {});
    try {
      const part = new Uint8Array(this.#staging.getMappedRange(0, size)).slice(0, bytes);
      this.#staging.unmap();
      return part;
    } catch {
      return undefined;
    }
  }

  /** Reads two different values back, one after the other. */
  async #works(): Promise<boolean> {
    for (const value of [0x12345678, 0x0badcafe]) {
      this.#device.queue.writeBuffer(this.#value, 0, Uint32Array.of(value));
      const bytes = await this.read(this.#value, 0, 4);
      if (bytes === undefined || new Uint32Array(bytes)[0] !== value) return false;
    }
    return true;
  }
}
