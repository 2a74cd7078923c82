/**
 * A recorder of dispatches and copies, which run in order.
 *
 * @module
 */

import type { Dispatch, DispatchOptions, Gpu, GpuBuffer, Kernel } from "./gpu.ts";
import type { GpuObserver } from "./gpu_observer.ts";
import type { Destroyable } from "./owned.ts";

/** Encodes a dispatch into a pass. */
export function encodeDispatch(pass: GPUComputePassEncoder, dispatch: Dispatch): void {
  const { pipeline, bindGroup, workgroups, indirect } = dispatch;
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, bindGroup);
  if (indirect === undefined) pass.dispatchWorkgroups(...workgroups);
  else pass.dispatchWorkgroupsIndirect(indirect.buffer.handle, indirect.offset);
}

/** Collects dispatches and copies in order; nothing runs before {@link Recorder.submit}. */
export class Recorder implements Disposable {
  #gpu: Gpu;
  #label: string;
  #encoder: GPUCommandEncoder;
  #pass: GPUComputePassEncoder | undefined;
  #temporary: Destroyable[] = [];

  /** Use {@link Gpu.record}. */
  constructor(gpu: Gpu, label: string) {
    this.#gpu = gpu;
    this.#label = label;
    this.#encoder = gpu.device.createCommandEncoder({ label });
  }

  /** Records a prepared dispatch. */
  run(dispatch: Dispatch): this {
    const { observer } = this.#gpu;
    if (observer !== undefined) this.#observedPass(observer, dispatch.label);
    this.#pass ??= this.#encoder.beginComputePass();
    encodeDispatch(this.#pass, dispatch);
    return this;
  }

  /**
   * Prepares a dispatch, records it, and frees it once submitted. When it throws, the recorder frees the
   * resources of all dispatches before and cannot be used any more.
   */
  dispatch(kernel: Kernel, options: DispatchOptions): this {
    try {
      return this.run(this.temporary(this.#gpu.prepare(kernel, options)));
    } catch (error) {
      this.#freeTemporary();
      throw error;
    }
  }

  /** Records a copy between buffers. */
  copy(
    source: GpuBuffer,
    destination: GpuBuffer,
    bytes: number = Math.min(source.bytes, destination.bytes),
    sourceOffset = 0,
    destinationOffset = 0,
  ): this {
    this.#endPass();
    this.#encoder.copyBufferToBuffer(
      source.handle,
      sourceOffset,
      destination.handle,
      destinationOffset,
      bytes,
    );
    return this;
  }

  /** Records filling a buffer with zeros. */
  clear(buffer: GpuBuffer): this {
    this.#endPass();
    this.#encoder.clearBuffer(buffer.handle);
    return this;
  }

  /** Frees `resource` once this is submitted. */
  temporary<T extends Destroyable>(resource: T): T {
    this.#temporary.push(resource);
    return resource;
  }

  /** Hands all that was recorded to the GPU and returns at once. */
  submit(): void {
    this.#endPass();
    const { observer } = this.#gpu;
    observer?.onCommands(this.#encoder);
    const start = observer && performance.now();
    this.#gpu.device.queue.submit([this.#encoder.finish()]);
    if (start !== undefined) {
      observer?.onHostWork("submit", this.#label, start, performance.now());
    }
    this.#freeTemporary();
  }

  /** Frees the resources of a recorder that has not been submitted: for `using`. */
  [Symbol.dispose](): void {
    this.#freeTemporary();
  }

  #freeTemporary(): void {
    for (const resource of this.#temporary.splice(0)) resource.destroy();
  }

  /** Begins a pass for one dispatch, with the timestamps of the observer. */
  #observedPass(observer: GpuObserver, label: string): void {
    this.#endPass();
    const timestampWrites = observer.onDispatch(label);
    this.#pass = this.#encoder.beginComputePass(
      timestampWrites === undefined ? {} : { timestampWrites },
    );
  }

  #endPass(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }
}
