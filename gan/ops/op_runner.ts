/**
 * Runs our kernels on tfjs tensors, in order with tfjs's own.
 *
 * @module
 */

import type { DataId, TensorInfo } from "@tensorflow/tfjs";
import type { WebGPUBackend } from "@tensorflow/tfjs-backend-webgpu";
import { type Gpu, type GpuBuffer, GpuMemoryError, type Kernel } from "../../kernels/mod.ts";
import { uniformBytes } from "../../kernels/gpu/gpu.ts";
import type { UniformValues } from "../../kernels/gpu/uniform_block.ts";

/** What tfjs's backend keeps to itself and a kernel recorded into its pass needs (version 4.22). */
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

/** A part of one of our buffers. */
export interface Range {
  /** The buffer. */
  readonly buffer: GpuBuffer;
  /** First byte, a multiple of the alignment of its binding. */
  readonly offset: number;
  /** Bytes. */
  readonly bytes: number;
}

/** A part of a tensor. */
export interface TensorRange {
  /** The tensor. */
  readonly tensor: TensorInfo;
  /** First byte, a multiple of the alignment of its binding. */
  readonly offset: number;
  /** Bytes. */
  readonly bytes: number;
}

/** Bind groups that a plan keeps. */
const BIND_GROUPS_PER_PLAN = 256;

/** A dispatch of which only the buffers are missing. */
export interface Plan {
  readonly label: string;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly uniform: GPUBuffer;
  readonly workgroups: readonly [number, number, number];
  /** Bind groups that were made, by the buffers that they bind. */
  readonly bindGroups: Map<string, GPUBindGroup>;
}

/** What {@link OpRunner.plan} makes a plan of. */
export interface PlanOptions {
  readonly kernel: Kernel;
  readonly parameters: UniformValues;
  readonly workgroups: readonly [number, number?, number?];
  readonly constants?: Readonly<Record<string, number>> | undefined;
}

/**
 * Dispatches that go to the GPU at once. Software Vulkan runs them on the threads that record the next
 * ones, and is fastest with few; a GPU has its own.
 */
export function dispatchesPerSubmit(gpu: Gpu): number {
  return gpu.isSoftware ? 8 : 64;
}

/**
 * Records our kernels in tfjs's compute pass. Uniform blocks and scratch buffers live as long as the
 * runner, since a network's shapes are the same in every step.
 */
export class OpRunner {
  /** The device. */
  readonly gpu: Gpu;
  readonly #dispatchesPerSubmit: number;
  #backend: BackendInternals;
  #plans = new Map<string, unknown>();
  #buffers: GpuBuffer[] = [];
  #scratch = new Map<string, GpuBuffer>();
  #numbers = new WeakMap<GPUBuffer, number>();
  #numbered = 0;

  constructor(gpu: Gpu, backend: WebGPUBackend) {
    this.gpu = gpu;
    this.#dispatchesPerSubmit = dispatchesPerSubmit(gpu);
    this.#backend = backend as unknown as BackendInternals;
    const { bufferManager } = this.#backend;
    const acquire = bufferManager.acquireBuffer.bind(bufferManager);
    bufferManager.acquireBuffer = (bytes, usage, ...rest) => {
      // So that kernels may read small tensors as uniform memory.
      if (usage & GPUBufferUsage.STORAGE) usage |= GPUBufferUsage.UNIFORM;
      this.#oldestLast(bufferManager.freeBuffers.get(`${bytes}_${usage}`));
      return acquire(bytes, usage, ...rest);
    };
  }

  /**
   * Makes tfjs take the oldest free buffer, which it takes from the end, so that every step binds the same
   * buffers and finds its bind groups made.
   */
  #oldestLast(free: GPUBuffer[] = []): void {
    const last = free.length - 1;
    let oldest = last;
    for (let i = 0; i < last; i++) {
      if (this.#number(free[i]) < this.#number(free[oldest])) oldest = i;
    }
    if (oldest < last) [free[oldest], free[last]] = [free[last], free[oldest]];
  }

  #number(buffer: GPUBuffer): number {
    let number = this.#numbers.get(buffer);
    if (number === undefined) this.#numbers.set(buffer, number = this.#numbered++);
    return number;
  }

  /** What `make` gave for this key at the first call: the plans of an operation at certain shapes. */
  cached<T>(key: string, make: () => T): T {
    let plans = this.#plans.get(key) as T | undefined;
    if (plans === undefined) this.#plans.set(key, plans = make());
    return plans;
  }

  /** A dispatch without its buffers: binding 0 is the uniform block, the rest is given to {@link OpRunner.run}. */
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
   * Scratch memory that is written and read within one operation. Operations run one after the other,
   * so that all may use the same.
   */
  scratch(use: string, bytes: number, usage: number = GPUBufferUsage.STORAGE): GpuBuffer {
    let buffer = this.#scratch.get(use);
    if (buffer === undefined || buffer.bytes < bytes) {
      // The old one may be in recorded dispatches; it goes with the rest at the end.
      if (buffer !== undefined) this.#buffers.push(buffer);
      buffer = this.gpu.buffer(use, bytes, usage);
      this.#scratch.set(use, buffer);
    }
    return buffer;
  }

  /** A new tensor on the GPU; its contents are for a kernel to write. */
  output(shape: readonly number[]): TensorInfo {
    const info = this.#backend.makeTensorInfo([...shape], "float32");
    this.#backend.uploadToGPU(info.dataId);
    return info;
  }

  /** The bytes of a tensor's buffer. */
  handle(tensor: TensorInfo): GPUBuffer {
    this.#backend.uploadToGPU(tensor.dataId);
    return this.#backend.tensorMap.get(tensor.dataId).resource;
  }

  /** Says that a kernel has written into a tensor that was there before: what tfjs knew of it is old. */
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
      `${this.#number(buffer as GPUBuffer)} ${offset} ${size}`
    ).join();
    let group = plan.bindGroups.get(key);
    if (group === undefined) {
      const entries = [{ buffer: plan.uniform }, ...bindings].map((resource, binding) => ({
        binding,
        resource,
      }));
      group = this.gpu.device.createBindGroup({ layout: plan.layout, entries });
      if (plan.bindGroups.size >= BIND_GROUPS_PER_PLAN) plan.bindGroups.clear();
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

  /** Hands all that was recorded to the GPU. */
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
