/**
 * The page's side of the worker: requests as promises, with progress and cancelling.
 *
 * @module
 */

import type { Answer, Ask, RequestKinds, SentError, WorkProgress } from "./protocol.ts";

/** An error of the worker. */
export class WorkError extends Error {
  /** The name of the error's class in the worker. */
  readonly kind: string;
  /** The DICOM series among which the user must choose, one line each; empty for other errors. */
  readonly series: readonly string[];

  /** An error with a message of the worker. */
  constructor({ kind, message, series = [] }: SentError) {
    super(message);
    this.name = "WorkError";
    this.kind = kind;
    this.series = series;
  }
}

/** Options of a request. */
export interface RequestOptions {
  /** Stops the work. */
  readonly signal?: AbortSignal | undefined;
  /** Is called with the progress. */
  readonly onProgress?: ((progress: WorkProgress) => void) | undefined;
}

/** The time in milliseconds that the worker has to stop by itself; then it is replaced. */
const PATIENCE = 3000;

interface Waiting {
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: unknown) => void;
  readonly onProgress: ((progress: WorkProgress) => void) | undefined;
}

/** Starts a worker whose program is a text. It needs no file and no request. */
export function startWorker(program: string): Worker {
  const url = URL.createObjectURL(new Blob([program], { type: "text/javascript" }));
  const worker = new Worker(url);
  // The worker has begun to read it; a timer lets slow computers finish.
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
  return worker;
}

/** A worker for requests of the kinds `R`, which is started anew when it does not stop or has crashed. */
export class WorkerClient<R extends RequestKinds<R>> {
  readonly #start: () => Worker;
  readonly #onRestart: () => void;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Worker;
  #next = 1;
  /** True after the first message of the current worker: a worker that never starts must not be started for ever. */
  #hasAnswered = false;

  /**
   * A client with a new worker.
   *
   * @param start - Starts a worker.
   * @param onRestart - Is called after the worker was replaced: it has no inputs then.
   */
  constructor(start: () => Worker, onRestart: () => void) {
    this.#start = start;
    this.#onRestart = onRestart;
    this.#worker = this.#begin();
  }

  /**
   * Sends a request.
   *
   * @returns The answer.
   * @throws {WorkError} when the worker reports an error.
   * @throws {DOMException} named AbortError when the signal stopped the work.
   */
  request<K extends keyof R & string>(
    name: K,
    ask: R[K]["ask"],
    { signal, onProgress }: RequestOptions = {},
  ): Promise<R[K]["answer"]> {
    const id = this.#next++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#waiting.set(id, { resolve, reject, onProgress });
    this.#worker.postMessage({ id, name, ask } satisfies Ask);
    const stop = () => {
      this.#worker.postMessage({ id, isCancel: true } satisfies Ask);
      setTimeout(() => {
        if (this.#waiting.has(id)) this.#replace(signal?.reason);
      }, PATIENCE);
    };
    signal?.addEventListener("abort", stop);
    const end = () => signal?.removeEventListener("abort", stop);
    promise.then(end, end);
    return promise;
  }

  #begin(): Worker {
    const worker = this.#start();
    this.#hasAnswered = false;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      this.#hasAnswered = true;
      this.#receive(data);
    };
    worker.onerror = (event) => {
      event.preventDefault();
      const message = event.message || "The worker did not start";
      const error = new WorkError({ kind: "WorkerError", message });
      if (this.#hasAnswered) this.#replace(error);
      else this.#fail(error);
    };
    return worker;
  }

  #receive({ id, progress, result, error }: Answer): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    if (progress !== undefined) {
      waiting.onProgress?.(progress);
      return;
    }
    this.#waiting.delete(id);
    if (error === undefined) waiting.resolve(result);
    else if (error.kind === "AbortError") waiting.reject(new DOMException("Stopped", "AbortError"));
    else waiting.reject(new WorkError(error));
  }

  #replace(reason: unknown): void {
    this.#worker.terminate();
    this.#worker = this.#begin();
    this.#fail(reason);
    this.#onRestart();
  }

  #fail(reason: unknown): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(reason);
  }
}
