/**
 * An observer of a device, for traces: it learns what the host does for the GPU, and can time each dispatch.
 *
 * @module
 */

/** Work of the host for the GPU. */
export type GpuHostWork = "compile" | "upload" | "submit" | "wait";

/** Observes a device; times are in ms of `performance.now()`. */
export interface GpuObserver {
  /**
   * Is called after work of the host.
   *
   * @param kind - A pipeline was made, bytes were written, commands were handed over, or the host waited for results.
   * @param label - The kernel, the buffer or the recorder.
   * @param bytes - The bytes that were written or read.
   */
  onHostWork(kind: GpuHostWork, label: string, start: number, end: number, bytes?: number): void;
  /**
   * Is called before each dispatch, which then gets a pass of its own.
   *
   * @returns The timestamps that the pass writes; undefined if it is not timed.
   */
  onDispatch(label: string): GPUComputePassTimestampWrites | undefined;
  /** Is called at the end of the commands of a recorder; it may add commands, such as one that resolves timestamps. */
  onCommands(encoder: GPUCommandEncoder): void;
}
