/**
 * Jobs on threads: every thread takes the next job from a queue when it is free.
 *
 * @module
 */

/** Options of {@link runOnThreads}. */
export interface ThreadsOptions<Job, Progress> {
  /** The module that each thread runs; it calls {@link serveJobs}. */
  readonly module: URL;
  /** The jobs in the order in which they begin; values that a message between threads can hold. */
  readonly jobs: readonly Job[];
  /** Maximum number of threads. */
  readonly threads: number;
  /** Stops the jobs. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Milliseconds between `signal`, or the failure of a job, and the end of the threads, in which the other jobs can save
   * results and finish their files. Default 0.
   */
  readonly grace?: number | undefined;
  /** Called when a job reports progress. */
  readonly onProgress?: ((index: number, progress: Progress) => void) | undefined;
  /** Called when a job is done. */
  readonly onDone?: ((index: number) => void) | undefined;
}

/** A message to a thread. */
type Order<Job> = { readonly job: Job } | { readonly stop: true };

/** A message from a thread; the last message about a job has `end` or `error`. */
interface Answer<Progress> {
  readonly progress?: Progress | undefined;
  readonly end?: true | undefined;
  /** The message of an error, then those of its causes. */
  readonly error?: readonly string[] | undefined;
}

/**
 * Runs jobs on threads and waits for their end.
 *
 * @throws {Error} with the message of the first job that failed; the others are stopped as by `signal`.
 */
export async function runOnThreads<Job, Progress>(
  options: ThreadsOptions<Job, Progress>,
): Promise<void> {
  const { module, jobs, threads, signal, grace = 0, onProgress, onDone } = options;
  signal?.throwIfAborted();
  const pool = Array.from(
    { length: Math.min(threads, jobs.length) },
    () => new Worker(module, { type: "module" }),
  );
  const late = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isStopped = false;
  const stop = () => {
    if (isStopped) return;
    isStopped = true;
    for (const worker of pool) worker.postMessage({ stop: true } satisfies Order<Job>);
    timer = setTimeout(late.resolve, grace);
  };
  signal?.addEventListener("abort", stop);
  let next = 0;
  const serve = async (worker: Worker) => {
    while (next < jobs.length && !isStopped) {
      const index = next++;
      try {
        await answerOf<Job, Progress>(
          worker,
          jobs[index],
          (progress) => onProgress?.(index, progress),
        );
      } catch (error) {
        if (signal?.aborted) return;
        throw error;
      }
      onDone?.(index);
    }
  };
  const served = pool.map(serve);
  try {
    await Promise.race([late.promise, Promise.all(served)]);
    signal?.throwIfAborted();
  } catch (error) {
    // A thread that ended while it writes would leave a part of a file.
    stop();
    await Promise.race([late.promise, Promise.allSettled(served)]);
    throw error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    for (const worker of pool) worker.terminate();
  }
}

function answerOf<Job, Progress>(
  worker: Worker,
  job: Job,
  onProgress: (progress: Progress) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data: { progress, end, error } }: MessageEvent<Answer<Progress>>) => {
    if (error !== undefined) reject(errorOf(error));
    else if (end) resolve();
    else onProgress(progress!);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage({ job } satisfies Order<Job>);
  return promise;
}

/**
 * Serves jobs in a thread, one after the other. It does nothing unless the thread was started with this module:
 * code that starts threads can therefore import the module, which makes packages include it.
 *
 * @param module - The module's `import.meta.url`.
 * @param work - Does a job; `onProgress` reports to the thread that started the jobs.
 */
export function serveJobs<Job, Progress>(
  module: string,
  work: (
    job: Job,
    context: { signal: AbortSignal; onProgress(progress: Progress): void },
  ) => Promise<void>,
): void {
  if (globalThis.location?.href !== module) return;
  const controller = new AbortController();
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Order<Job>>) => void;
    postMessage: (answer: Answer<Progress>) => void;
  };
  scope.onmessage = async ({ data }) => {
    if ("stop" in data) return controller.abort();
    const onProgress = (progress: Progress) => scope.postMessage({ progress });
    try {
      await work(data.job, { signal: controller.signal, onProgress });
      scope.postMessage({ end: true });
    } catch (error) {
      scope.postMessage({ error: messagesOf(error) });
    }
  };
}

/** The message of an error, then those of its causes. */
function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...error.cause === undefined ? [] : messagesOf(error.cause)];
}

/** An error with these messages; the class of an error does not survive the way between threads. */
function errorOf([message, ...causes]: readonly string[]): Error {
  return new Error(message, causes.length === 0 ? {} : { cause: errorOf(causes) });
}
