/**
 * Runs `register` as `deno task register` does, and writes the times of all its work to a file:
 * `traced_command.ts FILE ...ARGUMENTS`.
 *
 * @module
 */

import { observeTimeline, type TimedWork } from "../../host/timeline.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import type { GpuHostWork } from "../../kernels/gpu/gpu_observer.ts";
import { type DispatchTime, GpuTimestamps } from "./gpu_timestamps.ts";

/** Work of the host for the GPU. */
export interface HostWork extends TimedWork {
  /** The kind of work. */
  readonly kind: GpuHostWork;
  /** Bytes that were written or read. */
  readonly bytes?: number | undefined;
}

/** The times of a command, in ms since the begin of its process's runtime. */
export interface RawTrace {
  /** The begin of the runtime, ms since 1970. */
  readonly origin: number;
  /** The exit code. */
  readonly code: number;
  /** The begin of the first module. */
  readonly began: number;
  /** The end of the command's work. */
  readonly ended: number;
  /** The time at which the process leaves. */
  readonly left: number;
  /** The pieces of work. */
  readonly work: readonly TimedWork[];
  /** The work of the host for the GPU. */
  readonly host: readonly HostWork[];
  /** The dispatches; undefined if the adapter has no timestamps. */
  readonly dispatches?: readonly DispatchTime[] | undefined;
}

/** Observes a device, and keeps it open until its timestamps are read. */
async function observe(gpu: Gpu, host: HostWork[]): Promise<() => Promise<DispatchTime[]>> {
  const timestamps = await GpuTimestamps.open(gpu);
  gpu.observer = {
    onHostWork: (kind, name, start, end, bytes) => host.push({ kind, name, start, end, bytes }),
    onDispatch: (label) => timestamps?.next(label),
    onCommands: (encoder) => timestamps?.resolve(encoder),
  };
  gpu[Symbol.dispose] = () => {};
  return async () => await timestamps?.read() ?? [];
}

async function main([file, ...args]: readonly string[]): Promise<number> {
  const began = performance.now();
  const work: TimedWork[] = [];
  const host: HostWork[] = [];
  observeTimeline((one) => work.push(one));
  const { TASK, main } = await import("../../tasks/register.ts");
  const { callTask } = await import("../../tasks/_run_task.ts");
  const { Gpu } = await import("../../kernels/gpu/gpu.ts");
  work.push({ name: "import", start: began, end: performance.now() });
  const open = Gpu.open;
  let read: (() => Promise<DispatchTime[]>) | undefined;
  Gpu.open = async (options) => {
    const gpu = await open.call(Gpu, options);
    read = await observe(gpu, host);
    return gpu;
  };
  const code = await callTask(TASK, main, args, new AbortController().signal);
  const ended = performance.now();
  const dispatches = await read?.();
  const trace: RawTrace = {
    origin: performance.timeOrigin,
    code,
    began,
    ended,
    work,
    host,
    dispatches: dispatches?.length === 0 ? undefined : dispatches,
    left: performance.now(),
  };
  await Deno.writeTextFile(file, JSON.stringify(trace));
  return code;
}

if (import.meta.main) Deno.exit(await main(Deno.args));
