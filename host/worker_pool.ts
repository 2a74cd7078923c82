/**
 * Jobs on threads of their own: a queue from which each thread takes the next one when it is free.
 *
 * @module
 */

/** Options of {@link runOnThreads}. */
export interface ThreadsOptions<Job, Told> {
  /** What the threads run; it calls {@link serveJobs}. */
  readonly module: URL;
  /** In the order in which they are begun; what a message between threads can hold. */
  readonly jobs: readonly Job[];
  /** How many at once. */
  readonly threads: number;
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the threads have after `signal` to keep what they have got; none when absent. */
  readonly grace?: number | undefined;
  /** Called with what a job tells of its progress. */
  readonly onTold?: ((index: number, told: Told) => void) | undefined;
  /** Called as jobs get done. */
  readonly onDone?: ((index: number) => void) | undefined;
}

/** What a thread is sent. */
type Order<Job> = { readonly job: Job } | { readonly stop: true };

/** What it answers; its last answer to a job has `end`. */
interface Answer<Told> {
  readonly told?: Told | undefined;
  readonly end?: true | undefined;
  /** Messages of an error and of what caused it. */
  readonly error?: readonly string[] | undefined;
}

/**
 * Runs jobs on threads.
 *
 * @throws {Error} with the message of the first job that failed; the others are stopped.
 */
export async function runOnThreads<Job, Told>(options: ThreadsOptions<Job, Told>): Promise<void> {
  const { module, jobs, threads, signal, grace = 0, onTold, onDone } = options;
  signal?.throwIfAborted();
  const pool = Array.from(
    { length: Math.min(threads, jobs.length) },
    () => new Worker(module, { type: "module" }),
  );
  const late = Promise.withResolvers<void>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const stop = () => {
    for (const worker of pool) worker.postMessage({ stop: true } satisfies Order<Job>);
    timer = setTimeout(late.resolve, grace);
  };
  signal?.addEventListener("abort", stop);
  let next = 0;
  const serve = async (worker: Worker) => {
    while (next < jobs.length && !signal?.aborted) {
      const index = next++;
      try {
        await answerOf<Job, Told>(worker, jobs[index], (told) => onTold?.(index, told));
      } catch (error) {
        if (signal?.aborted) return;
        throw error;
      }
      onDone?.(index);
    }
  };
  try {
    await Promise.race([late.promise, Promise.all(pool.map(serve))]);
    signal?.throwIfAborted();
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", stop);
    for (const worker of pool) worker.terminate();
  }
}

function answerOf<Job, Told>(
  worker: Worker,
  job: Job,
  onTold: (told: Told) => void,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  worker.onmessage = ({ data: { told, end, error } }: MessageEvent<Answer<Told>>) => {
    if (error !== undefined) reject(errorOf(error));
    else if (end) resolve();
    else onTold(told!);
  };
  worker.onerror = (event) => {
    event.preventDefault();
    reject(new Error(event.message));
  };
  worker.postMessage({ job } satisfies Order<Job>);
  return promise;
}

/**
 * The side of the thread: does one job after the other. Does nothing where the module is not the one that
 * the thread was started as, so that whoever starts threads can import it, which puts it into packages.
 *
 * @param module - The module's `import.meta.url`.
 */
export function serveJobs<Job, Told>(
  module: string,
  work: (job: Job, context: { signal: AbortSignal; tell(told: Told): void }) => Promise<void>,
): void {
  if (globalThis.location?.href !== module) return;
  const controller = new AbortController();
  const scope = globalThis as unknown as {
    onmessage: (event: MessageEvent<Order<Job>>) => void;
    postMessage: (answer: Answer<Told>) => void;
  };
  scope.onmessage = async ({ data }) => {
    if ("stop" in data) return controller.abort();
    const tell = (told: Told) => scope.postMessage({ told });
    try {
      await work(data.job, { signal: controller.signal, tell });
      scope.postMessage({ end: true });
    } catch (error) {
      scope.postMessage({ error: messagesOf(error) });
    }
  };
}

/** The message of an error, of its cause, and so on. */
function messagesOf(error: unknown): string[] {
  if (!(error instanceof Error)) return [String(error)];
  return [error.message, ...error.cause === undefined ? [] : messagesOf(error.cause)];
}

/** An error with these messages; another thread's class is not known here. */
function errorOf([message, ...causes]: readonly string[]): Error {
  return new Error(message, causes.length === 0 ? {} : { cause: errorOf(causes) });
}
