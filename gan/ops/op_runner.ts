/**
 * Runs our kernels on tfjs tensors, in order with the kernels of tfjs.
 *
 * @module
 */

import type { DataId, TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import { type Gpu, type GpuBuffer, type Kernel, uniformBytes } from "../../kernels/gpu/gpu.ts";
import type { UniformValues } from "../../kernels/gpu/uniform_block.ts";

/** Internals of the backend of tfjs 4.22 that are needed to record a kernel into its pass. */
interface BackendInternals {
  readonly tensorMap: { get(id: DataId): { resource: GPUBuffer; values: unknown } };
  commandEncoder: GPUCommandEncoder | null;
  computePassEncoder: GPUComputePassEncoder | null;
  commandQueueOwnedIds: WeakSet<DataId>;
  dispatchCountInPass: number;
  bufferManager: {
    freeBuffers: Map<string, GPUBuffer[]>;
    acquireBuffer(bytes: number, usage: number, ...rest: unknown[]): GPUBuffer;
  };
  makeTensorInfo(shape: number[], dtype: "float32"): TensorInfo;
  uploadToGPU(id: DataId): void;
  ensureCommandEncoderReady(): void;
  endComputePassEncoder(): void;
  submitQueue(): void;
}

/** A range of bytes of one of our buffers. */
export interface Range {
  /** The buffer. */
  readonly buffer: GpuBuffer;
  /** First byte, a multiple of the alignment of its binding. */
  readonly offset: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** A range of bytes of a tensor. */
export interface TensorRange {
  /** The tensor. */
  readonly tensor: TensorInfo;
  /** First byte, a multiple of the alignment of its binding. */
  readonly offset: number;
  /** Number of bytes. */
  readonly bytes: number;
}

/** Maximum number of bind groups that a plan caches. */
const MAX_BIND_GROUPS_PER_PLAN = 256;

/** A prepared dispatch, to which {@link OpRunner.run} binds buffers. */
export interface Plan {
  /** Label of the kernel, for error messages. */
  readonly label: string;
  /** Compiled kernel. */
  readonly pipeline: GPUComputePipeline;
  /** Layout of the bind groups. */
  readonly layout: GPUBindGroupLayout;
  /** Uniform block at binding 0. */
  readonly uniform: GPUBuffer;
  /** Workgroups along x, y, z. */
  readonly workgroups: readonly [number, number, number];
  /** Cached bind groups by their buffers. */
  readonly bindGroups: Map<string, GPUBindGroup>;
}

/** Options of {@link OpRunner.plan}. */
export interface PlanOptions {
  /** The shader. */
  readonly kernel: Kernel;
  /** Values of the uniform block at binding 0. */
  readonly parameters: UniformValues;
  /** Workgroups along x, y, z. Default 1 along y and z. */
  readonly workgroups: readonly [number, number?, number?];
  /** Values of the `override` constants. Default those of the shader. */
  readonly constants?: Readonly<Record<string, number>> | undefined;
}

/**
 * Number of dispatches per submit. Software Vulkan runs them on the threads that record the next dispatches, and is
 * fastest with few; a GPU has separate cores.
 */
export function dispatchesPerSubmit(gpu: Gpu): number {
  return gpu.isSoftware ? 8 : 64;
}

/**
 * Records our kernels in the compute pass of tfjs. Uniform blocks and scratch buffers live as long as the runner,
 * because the shapes of a network are the same in every step.
 */
export class OpRunner {
  /** The device. */
  readonly gpu: Gpu;
  readonly #dispatchesPerSubmit: number;
  #backend: BackendInternals;
  #plans = new Map<string, unknown>();
  #buffers: GpuBuffer[] = [];
  #scratch = new Map<string, GpuBuffer>();
  #bufferIds = new WeakMap<GPUBuffer, number>();
  #nextBufferId = 0;

  /** A runner on the device of `backend`; it changes how the backend chooses buffers. */
  constructor(gpu: Gpu, backend: WebGPUBackend) {
    this.gpu = gpu;
    this.#dispatchesPerSubmit = dispatchesPerSubmit(gpu);
    this.#backend = backend as unknown as BackendInternals;
    const { bufferManager } = this.#backend;
    const acquire = bufferManager.acquireBuffer.bind(bufferManager);
    bufferManager.acquireBuffer = (bytes, usage, ...rest) => {
      // Kernels can then read small tensors as uniform memory.
      if (usage & GPUBufferUsage.STORAGE) usage |= GPUBufferUsage.UNIFORM;
      this.#moveOldestToEnd(bufferManager.freeBuffers.get(`${bytes}_${usage}`));
      return acquire(bytes, usage, ...rest);
    };
  }

  /**
   * Moves the oldest free buffer to the end of the list, from where tfjs takes it. Every step then binds the same
   * buffers and finds its bind groups in the cache.
   */
  #moveOldestToEnd(free: GPUBuffer[] = []): void {
    const last = free.length - 1;
    let oldest = last;
    for (let i = 0; i < last; i++) {
      if (this.#idOf(free[i]) < this.#idOf(free[oldest])) oldest = i;
    }
    if (oldest < last) [free[oldest], free[last]] = [free[last], free[oldest]];
  }

  /** Ids ascend in the order in which buffers are first seen. */
  #idOf(buffer: GPUBuffer): number {
    let id = this.#bufferIds.get(buffer);
    if (id === undefined) {
      id = this.#nextBufferId++;
      this.#bufferIds.set(buffer, id);
    }
    return id;
  }

  /** Returns the plans of an operation at certain shapes: `make` makes them at the first call with this key. */
  cached<T>(key: string, make: () => T): T {
    let plans = this.#plans.get(key) as T | undefined;
    if (plans === undefined) {
      plans = make();
      this.#plans.set(key, plans);
    }
    return plans;
  }

  /** Prepares a dispatch: binding 0 is the uniform block, {@link OpRunner.run} gets the other buffers. */
  plan({ kernel, parameters, workgroups: [x, y = 1, z = 1], constants }: PlanOptions): Plan {
    const pipeline = this.gpu.pipeline(kernel, constants);
    const bytes = uniformBytes(kernel, parameters);
    const uniform = this.gpu.buffer(
      `${kernel.label} parameters`,
      bytes.byteLength,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    this.gpu.write(uniform, bytes);
    this.#buffers.push(uniform);
    const limit = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    if (x > limit || y > limit || z > limit) {
      throw new RangeError(
        `${kernel.label}: ${x} x ${y} x ${z} workgroups; ${limit} an axis are allowed`,
      );
    }
    const layout = pipeline.getBindGroupLayout(0);
    return {
      label: kernel.label,
      pipeline,
      layout,
      uniform: uniform.handle,
      workgroups: [x, y, z],
      bindGroups: new Map(),
    };
  }

  /**
   * Returns scratch memory that is written and read within one operation. Operations run one after the other, so all
   * operations with the same `use` share a buffer.
   */
  scratch(use: string, bytes: number, usage: number = GPUBufferUsage.STORAGE): GpuBuffer {
    let buffer = this.#scratch.get(use);
    if (buffer === undefined || buffer.bytes < bytes) {
      // Recorded dispatches may use the old buffer; destroy() frees it.
      if (buffer !== undefined) this.#buffers.push(buffer);
      buffer = this.gpu.buffer(use, bytes, usage);
      this.#scratch.set(use, buffer);
    }
    return buffer;
  }

  /** Makes a tensor on the GPU, whose contents a kernel must write. */
  output(shape: readonly number[]): TensorInfo {
    const info = this.#backend.makeTensorInfo([...shape], "float32");
    this.#backend.uploadToGPU(info.dataId);
    return info;
  }

  /** The GPU buffer of a tensor. */
  handle(tensor: TensorInfo): GPUBuffer {
    this.#backend.uploadToGPU(tensor.dataId);
    return this.#backend.tensorMap.get(tensor.dataId).resource;
  }

  /** Must be called after a kernel has overwritten a tensor: it removes the values that tfjs has cached on the host. */
  changed(tensor: TensorInfo): void {
    this.#backend.tensorMap.get(tensor.dataId).values = null;
  }

  /** Records a dispatch with these buffers at bindings 1, 2, ... */
  run(plan: Plan, buffers: readonly (TensorInfo | TensorRange | Range)[]): void {
    const bindGroup = this.#bindGroup(plan, buffers.map((bound) => this.#binding(plan, bound)));
    const backend = this.#backend;
    backend.ensureCommandEncoderReady();
    const pass = backend.computePassEncoder ??= backend.commandEncoder!.beginComputePass();
    pass.setPipeline(plan.pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...plan.workgroups);
    if (++backend.dispatchCountInPass >= this.#dispatchesPerSubmit) this.flush();
  }

  #bindGroup(plan: Plan, bindings: GPUBufferBinding[]): GPUBindGroup {
    const key = bindings.map(({ buffer, offset, size }) =>
      `${this.#idOf(buffer as GPUBuffer)} ${offset} ${size}`
    ).join();
    let group = plan.bindGroups.get(key);
    if (group === undefined) {
      const entries = [{ buffer: plan.uniform }, ...bindings].map((resource, binding) => ({
        binding,
        resource,
      }));
      group = this.gpu.device.createBindGroup({ layout: plan.layout, entries });
      if (plan.bindGroups.size >= MAX_BIND_GROUPS_PER_PLAN) plan.bindGroups.clear();
      plan.bindGroups.set(key, group);
    }
    return group;
  }

  #binding(plan: Plan, bound: TensorInfo | TensorRange | Range): GPUBufferBinding {
    const isTensor = "dataId" in bound;
    if (!isTensor && "buffer" in bound) {
      return { buffer: bound.buffer.handle, offset: bound.offset, size: bound.bytes };
    }
    const tensor = isTensor ? bound : bound.tensor;
    const buffer = this.handle(tensor);
    const { offset, bytes } = isTensor ? { offset: 0, bytes: buffer.size } : bound;
    if (bytes > this.gpu.maxBindingBytes) throw tooLarge(plan.label, bytes, this.gpu);
    this.#backend.commandQueueOwnedIds.add(tensor.dataId);
    return { buffer, offset, size: bytes };
  }

  /** Submits all recorded dispatches to the GPU. */
  flush(): void {
    const backend = this.#backend;
    if (backend.commandEncoder === null) return;
    backend.endComputePassEncoder();
    backend.submitQueue();
  }

  /** Frees plans and scratch memory. */
  destroy(): void {
    for (const buffer of this.#buffers.splice(0)) buffer.destroy();
    for (const buffer of this.#scratch.values()) buffer.destroy();
    this.#scratch.clear();
    this.#plans.clear();
  }
}

function tooLarge(label: string, bytes: number, gpu: Gpu): GpuMemoryError {
  const mebibytes = (n: number) => `${Math.round(n / 2 ** 20)} MiB`;
  return new GpuMemoryError(
    `${label} needs ${mebibytes(bytes)} in one binding; this adapter allows ` +
      `${mebibytes(gpu.maxBindingBytes)}. Use a smaller crop, fewer filters or fewer channels.`,
  );
}
