/**
 * The GPU: one device, the buffers on it, the pipelines made for it and its errors.
 *
 * @module
 */

import { defineGlobals, findAdapter } from "./adapter.ts";
import { GpuLostError, GpuMemoryError, GpuValidationError } from "./errors.ts";
import type { GpuHostWork, GpuObserver } from "./gpu_observer.ts";
import { QuickReadback } from "./quick_readback.ts";
import { Recorder } from "./recorder.ts";
import { packUniforms, uniformLayout, type UniformValues } from "./uniform_block.ts";

/** A compute shader: everything that a pipeline is made of, as data. */
export interface Kernel {
  /** The name in errors and timings. */
  readonly label: string;
  /** WGSL: bindings in group 0, the parameters (uniform) at 0 and the storage buffers from 1 on. */
  readonly code: string;
  /** The entry point. Default `main`. */
  readonly entryPoint?: string | undefined;
}

/** A buffer that `Gpu` counts until it is destroyed. */
export interface GpuBuffer {
  /** The name in errors. */
  readonly label: string;
  /** Bytes asked for (a multiple of 4). */
  readonly bytes: number;
  /** The WebGPU buffer. */
  readonly handle: GPUBuffer;
  /** Frees it; a second call does nothing. */
  destroy(): void;
}

/** A part of a buffer to bind; `offset` is a multiple of `Gpu.bindingAlignment`. */
export interface BufferRange {
  /** The whole buffer. */
  readonly buffer: GpuBuffer;
  /** First byte. */
  readonly offset: number;
  /** Bytes. */
  readonly bytes: number;
}

/** Workgroups along x, y, z that the GPU writes, three u32 of a buffer with the usage INDIRECT. */
export interface IndirectWorkgroups {
  /** The buffer. */
  readonly buffer: GpuBuffer;
  /** First byte, a multiple of 4. */
  readonly offset: number;
}

/** The inputs of one dispatch. */
export interface DispatchOptions {
  /** The uniform block at binding 0 by the names of the WGSL struct's fields; absent: no binding 0. */
  readonly parameters?: UniformValues | undefined;
  /** The storage buffers at bindings 1, 2, ... */
  readonly buffers: readonly (GpuBuffer | BufferRange)[];
  /** Workgroups along x, y, z; their maximum with `indirect`. */
  readonly workgroups: readonly [number, number?, number?];
  /** Replaces the workgroups by those that the GPU writes. Default none. */
  readonly indirect?: IndirectWorkgroups | undefined;
  /** Values of the shader's `override` constants. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
}

/** A dispatch made ready once, to be recorded as often as needed. */
export interface Dispatch {
  /** The kernel's label. */
  readonly label: string;
  /** The kernel's shader. */
  readonly code: string;
  /** The pipeline. */
  readonly pipeline: GPUComputePipeline;
  /** The buffers of the dispatch. */
  readonly bindGroup: GPUBindGroup;
  /** Workgroups along x, y, z; their maximum with `indirect`. */
  readonly workgroups: readonly [number, number, number];
  /** The workgroups that the GPU writes; none if `workgroups` run. */
  readonly indirect: IndirectWorkgroups | undefined;
  /** The uniform block's buffer, to be rewritten with `Gpu.writeParameters`; none without parameters. */
  readonly uniform: GpuBuffer | undefined;
  /** Frees the uniform block. */
  destroy(): void;
}

/** Options of {@link Gpu.open}. */
export interface GpuOptions {
  /** Maximum number of bytes of this process on the device. Default: no limit except that of the driver. */
  readonly memoryBytes?: number | undefined;
  /** Maximum number of bytes of one binding. Default: the limit of the adapter. Tests lower it to use several slabs. */
  readonly maxBindingBytes?: number | undefined;
  /** The adapter. Default: the high-performance adapter of the runtime. */
  readonly adapter?: GPUAdapter | undefined;
  /**
   * An open device that other code uses, too. It remains open when the `Gpu` is closed. Default: a device of its own
   * with the limits of the adapter.
   */
  readonly device?: GPUDevice | undefined;
}

const MEBIBYTE = 1024 * 1024;

/**
 * A WebGPU device with tracked buffers, cached pipelines and errors that are never swallowed.
 *
 * @example Usage
 * ```ts
 * import { Gpu } from "./gpu.ts";
 *
 * if (await globalThis.navigator?.gpu?.requestAdapter()) {
 *   using gpu = await Gpu.open();
 *   console.log(gpu.description, gpu.liveBytes);
 * }
 * ```
 */
export class Gpu implements Disposable {
  /** The WebGPU device. */
  readonly device: GPUDevice;
  /** The name and the driver that the adapter reports. */
  readonly description: string;
  /** True if the adapter is software running on the processor. */
  readonly isSoftware: boolean;
  /** Largest storage binding, bytes. */
  readonly maxBindingBytes: number;
  /** Storage binding offsets are multiples of this, bytes. */
  readonly bindingAlignment: number;
  /** Bytes that this process may hold on the device, Infinity when unknown. */
  readonly memoryBytes: number;
  /** Bytes of the buffers that exist now. */
  liveBytes = 0;
  /** The maximum number of bytes that existed at the same time. */
  peakBytes = 0;
  /**
   * Observes the device. Default: none.
   *
   * @internal
   */
  observer: GpuObserver | undefined;

  #pipelines = new Map<string, GPUComputePipeline>();
  #modules = new Map<string, GPUShaderModule>();
  #errors: string[] = [];
  #lost: string | undefined;
  #disposed = false;
  #readback: QuickReadback | undefined;
  readonly #ownsDevice: boolean;
  readonly #onError = (event: Event) => {
    event.preventDefault();
    this.#errors.push((event as GPUUncapturedErrorEvent).error.message);
  };

  private constructor(device: GPUDevice, info: GPUAdapterInfo, options: GpuOptions) {
    this.device = device;
    this.description = info.description || [info.vendor, info.architecture].join(" ").trim() ||
      "unnamed adapter";
    this.isSoftware =
      (info as { isFallbackAdapter?: boolean | undefined }).isFallbackAdapter === true ||
      /llvmpipe|lavapipe|swiftshader|software/i.test(this.description);
    this.maxBindingBytes = Math.min(
      device.limits.maxStorageBufferBindingSize,
      options.maxBindingBytes ?? Infinity,
    );
    this.bindingAlignment = device.limits.minStorageBufferOffsetAlignment;
    this.memoryBytes = options.memoryBytes ?? Infinity;
    this.#ownsDevice = options.device === undefined;
    device.addEventListener("uncapturederror", this.#onError);
    device.lost.then((info) => {
      if (!this.#disposed) this.#lost = info.message || info.reason;
    });
  }

  /**
   * Asks for the high-performance adapter and opens a device with all that it offers. Node and Bun get WebGPU from the
   * npm package `webgpu`, if it is installed. `options.adapter` or `options.device` replace these steps.
   *
   * @throws {GpuUnavailableError} when there is no WebGPU or no adapter.
   *
   * @example On a device that other code has opened
   * ```ts
   * import { Gpu } from "./gpu.ts";
   *
   * const adapter = await globalThis.navigator?.gpu?.requestAdapter();
   * if (adapter) {
   *   const device = await adapter.requestDevice();
   *   { using gpu = await Gpu.open({ device }); console.log(gpu.description); }
   *   device.destroy();
   * }
   * ```
   */
  static async open(options: GpuOptions = {}): Promise<Gpu> {
    await defineGlobals();
    const gpu = await Gpu.#open(options);
    gpu.#readback = await QuickReadback.open(gpu.device);
    return gpu;
  }

  static async #open(options: GpuOptions): Promise<Gpu> {
    if (options.device !== undefined) {
      return new Gpu(options.device, options.device.adapterInfo, options);
    }
    const adapter = options.adapter ?? await findAdapter();
    const { limits } = adapter;
    const wanted = ["timestamp-query", "shader-f16"] as GPUFeatureName[];
    const device = await adapter.requestDevice({
      label: "crosswarp",
      requiredFeatures: wanted.filter((feature) => adapter.features.has(feature)),
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxStorageBuffersPerShaderStage: limits.maxStorageBuffersPerShaderStage,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      },
    });
    return new Gpu(device, adapter.info, options);
  }

  /**
   * Throws the errors that the driver reported since the last check.
   *
   * @throws {GpuLostError} when the device is gone.
   * @throws {GpuMemoryError} when the driver ran out of memory.
   * @throws {GpuValidationError} on any other error.
   */
  check(): void {
    if (this.#lost !== undefined) {
      throw new GpuLostError(
        `The GPU device was lost (${this.#lost}). Close other programs that use the GPU, or choose ` +
          "a coarser resolution, and start again.",
      );
    }
    const errors = this.#errors.splice(0);
    if (errors.length === 0) return;
    const text = errors.join("\n");
    if (/memory/i.test(text) && !/workgroup memory/i.test(text)) {
      throw new GpuMemoryError(
        `The GPU ran out of memory with ${this.#mebibytes(this.liveBytes)} in use: ${text}`,
      );
    }
    throw new GpuValidationError(text);
  }

  /**
   * Refuses work that cannot fit, before it starts.
   *
   * @param bytes - The estimate of the bytes that the work adds to the live bytes.
   * @param work - The name of the work, for the message.
   * @param advice - Advice that tells the user what to change.
   * @throws {GpuMemoryError} when live bytes and the estimate exceed the memory budget.
   */
  requireMemory(bytes: number, work: string, advice: string): void {
    if (this.liveBytes + bytes <= this.memoryBytes) return;
    throw new GpuMemoryError(
      `${work} needs about ${this.#mebibytes(bytes)} of GPU memory beside the ` +
        `${this.#mebibytes(this.liveBytes)} in use, and ${this.#mebibytes(this.memoryBytes)} ` +
        `are available. ${advice}`,
    );
  }

  /**
   * A buffer of zeros.
   *
   * @param label - The buffer's name in errors.
   * @param bytes - The buffer's size in bytes, rounded up to a multiple of 16 (minimum 16), so that vec4 loads
   * stay inside.
   * @param usage - WebGPU usage; storage, copy source and copy destination when absent.
   * @throws {GpuMemoryError} when it exceeds the largest buffer or the memory budget.
   * @internal
   */
  buffer(
    label: string,
    bytes: number,
    usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC |
      GPUBufferUsage.COPY_DST,
  ): GpuBuffer {
    if (this.#lost !== undefined) this.check();
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    if (size > this.device.limits.maxBufferSize) {
      throw new GpuMemoryError(
        `Buffer "${label}" needs ${this.#mebibytes(size)}; this adapter allows ` +
          `${
            this.#mebibytes(this.device.limits.maxBufferSize)
          } a buffer. Use a coarser resolution.`,
      );
    }
    this.requireMemory(size, `Buffer "${label}"`, "Use a coarser resolution or a smaller region.");
    const handle = this.device.createBuffer({ label, size, usage });
    this.liveBytes += size;
    this.peakBytes = Math.max(this.peakBytes, this.liveBytes);
    let alive = true;
    return {
      label,
      bytes: size,
      handle,
      destroy: () => {
        if (!alive) return;
        alive = false;
        this.liveBytes -= size;
        handle.destroy();
      },
    };
  }

  /**
   * A buffer that holds `data` (its bytes padded with zeros to the buffer's size).
   *
   * @internal
   */
  upload(label: string, data: ArrayBufferView): GpuBuffer {
    const buffer = this.buffer(label, data.byteLength);
    this.write(buffer, data);
    return buffer;
  }

  /**
   * Writes `data` into the buffer from byte `offset` on; any byte length.
   *
   * @internal
   */
  write(buffer: GpuBuffer, data: ArrayBufferView, offset = 0): void {
    this.#observed(
      "upload",
      buffer.label,
      () => this.#write(buffer, data, offset),
      data.byteLength,
    );
  }

  #write(buffer: GpuBuffer, data: ArrayBufferView, offset: number): void {
    const { queue } = this.device;
    const whole = data.byteLength & ~3;
    if (whole > 0) {
      queue.writeBuffer(buffer.handle, offset, data.buffer as ArrayBuffer, data.byteOffset, whole);
    }
    if (whole < data.byteLength) {
      const tail = new Uint8Array(4);
      tail.set(new Uint8Array(data.buffer, data.byteOffset + whole, data.byteLength - whole));
      queue.writeBuffer(buffer.handle, offset + whole, tail);
    }
  }

  /**
   * Reads bytes back, once all work submitted before has ended.
   *
   * @internal
   */
  download(
    buffer: GpuBuffer,
    offset = 0,
    bytes: number = buffer.bytes - offset,
  ): Promise<ArrayBuffer> {
    return this.#observed(
      "wait",
      buffer.label,
      () => this.#download(buffer, offset, bytes),
      bytes,
    );
  }

  async #download(buffer: GpuBuffer, offset: number, bytes: number): Promise<ArrayBuffer> {
    const quick = await this.#readback?.read(buffer.handle, offset, bytes);
    if (quick !== undefined) {
      this.check();
      return quick;
    }
    const staging = this.buffer(
      `${buffer.label} (staging)`,
      bytes,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    try {
      const encoder = this.device.createCommandEncoder({ label: `read ${buffer.label}` });
      encoder.copyBufferToBuffer(
        buffer.handle,
        offset,
        staging.handle,
        0,
        Math.ceil(bytes / 4) * 4,
      );
      this.device.queue.submit([encoder.finish()]);
      try {
        await staging.handle.mapAsync(GPUMapMode.READ);
      } catch (cause) {
        // With a lost device, the mapping fails first; the loss is reported immediately afterwards.
        let timer: ReturnType<typeof setTimeout> | undefined;
        await Promise.race([
          this.device.lost,
          new Promise((end) => timer = setTimeout(end, 50)),
        ]);
        clearTimeout(timer);
        this.check();
        throw new GpuValidationError(`Reading "${buffer.label}" back failed`, { cause });
      }
      const copy = staging.handle.getMappedRange().slice(0, bytes);
      staging.handle.unmap();
      this.check();
      return copy;
    } finally {
      staging.destroy();
    }
  }

  /** Waits until all submitted work has ended and raises its errors. */
  finish(): Promise<void> {
    return this.#observed("wait", "all work", () => this.#finish());
  }

  async #finish(): Promise<void> {
    if (!await this.#readback?.finish()) await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /**
   * The pipeline of a kernel with these constants, made at the first call.
   *
   * @internal
   */
  pipeline(kernel: Kernel, constants: Readonly<Record<string, number>> = {}): GPUComputePipeline {
    const key = kernel.label + "\0" + (kernel.entryPoint ?? "") + "\0" + JSON.stringify(constants) +
      "\0" + kernel.code;
    let pipeline = this.#pipelines.get(key);
    if (pipeline === undefined) {
      pipeline = this.#observed("compile", kernel.label, () => this.#compile(kernel, constants));
      this.#pipelines.set(key, pipeline);
    }
    return pipeline;
  }

  #compile(kernel: Kernel, constants: Readonly<Record<string, number>>): GPUComputePipeline {
    let module = this.#modules.get(kernel.code);
    if (module === undefined) {
      module = this.device.createShaderModule({ label: kernel.label, code: kernel.code });
      this.#modules.set(kernel.code, module);
    }
    return this.device.createComputePipeline({
      label: kernel.label,
      layout: "auto",
      compute: { module, entryPoint: kernel.entryPoint ?? "main", constants: { ...constants } },
    });
  }

  /**
   * Makes a dispatch ready to be recorded; destroy it after use.
   *
   * @internal
   */
  prepare(kernel: Kernel, options: DispatchOptions): Dispatch {
    const pipeline = this.pipeline(kernel, options.constants);
    const entries: GPUBindGroupEntry[] = [];
    let uniform: GpuBuffer | undefined;
    if (options.parameters !== undefined) {
      const block = uniformBytes(kernel, options.parameters);
      uniform = this.buffer(
        `${kernel.label} parameters`,
        block.byteLength,
        GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      );
      this.write(uniform, block);
      entries.push({ binding: 0, resource: { buffer: uniform.handle } });
    }
    options.buffers.forEach((bound, index) => {
      const range = "handle" in bound ? { buffer: bound, offset: 0, bytes: bound.bytes } : bound;
      if (range.bytes > this.maxBindingBytes) {
        uniform?.destroy();
        throw new GpuValidationError(
          `${kernel.label} binds ${range.bytes} bytes of "${range.buffer.label}", more than the ` +
            `${this.maxBindingBytes} that one binding holds: bind it in slabs`,
        );
      }
      entries.push({
        binding: index + 1,
        resource: { buffer: range.buffer.handle, offset: range.offset, size: range.bytes },
      });
    });
    const bindGroup = this.device.createBindGroup({
      label: kernel.label,
      layout: pipeline.getBindGroupLayout(0),
      entries,
    });
    const [x, y = 1, z = 1] = options.workgroups;
    const limit = this.device.limits.maxComputeWorkgroupsPerDimension;
    if (x > limit || y > limit || z > limit) {
      uniform?.destroy();
      throw new GpuValidationError(
        `${kernel.label} asks for ${x} x ${y} x ${z} workgroups; ${limit} an axis are allowed`,
      );
    }
    return {
      label: kernel.label,
      code: kernel.code,
      pipeline,
      bindGroup,
      workgroups: [x, y, z],
      indirect: options.indirect,
      uniform,
      destroy: () => uniform?.destroy(),
    };
  }

  /**
   * Rewrites the uniform block of a prepared dispatch.
   *
   * @internal
   */
  writeParameters(dispatch: Dispatch, parameters: UniformValues): void {
    if (dispatch.uniform === undefined) throw new TypeError(`${dispatch.label} has no parameters`);
    this.write(dispatch.uniform, uniformBytes(dispatch, parameters));
  }

  /**
   * A recorder of dispatches, run in order when it is submitted.
   *
   * @internal
   */
  record(label: string): Recorder {
    return new Recorder(this, label);
  }

  /** Closes the device; buffers made on it are gone. A device that came from `options.device` remains open. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.device.removeEventListener("uncapturederror", this.#onError);
    this.#readback?.destroy();
    if (this.#ownsDevice) this.device.destroy();
  }

  /** Does work of the host, and reports it to the observer. */
  #observed<T>(kind: GpuHostWork, label: string, work: () => T, bytes?: number): T {
    const { observer } = this;
    if (observer === undefined) return work();
    const start = performance.now();
    const report = () => observer.onHostWork(kind, label, start, performance.now(), bytes);
    const result = work();
    if (result instanceof Promise) return result.finally(report) as T;
    report();
    return result;
  }

  #mebibytes(bytes: number): string {
    return `${(bytes / MEBIBYTE).toFixed(bytes < 10 * MEBIBYTE ? 1 : 0)} MiB`;
  }
}

/**
 * The bytes of a kernel's uniform block.
 *
 * @throws {TypeError} when the shader has no such block or its fields are others.
 */
export function uniformBytes(
  { label, code }: Pick<Kernel, "label" | "code">,
  parameters: UniformValues,
): Uint8Array<ArrayBuffer> {
  const layout = uniformLayout(code);
  if (layout === undefined) throw new TypeError(`${label} has no uniform block at binding 0`);
  try {
    return new Uint8Array(packUniforms(layout, parameters));
  } catch (error) {
    (error as Error).message = `${label}: ${(error as Error).message}`;
    throw error;
  }
}
