/**
 * The worker's side of the messages: it answers each request by its handler, and stops the requests that the page
 * cancels.
 *
 * @module
 */

import { DicomSeriesError } from "../volume/dicom/dicom_errors.ts";
import type { Answer, Ask, RequestKinds, SentError, WorkProgress } from "./protocol.ts";

/** The part of a worker's scope that is used here; the project's types are those of a window. */
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Ask>) => void;
  postMessage: (answer: Answer, transfer?: Transferable[]) => void;
};

/** What a request may use. */
export interface Context {
  /** Stops the work. */
  readonly signal: AbortSignal;
  /** Reports progress to the page. */
  readonly onProgress: (progress: WorkProgress) => void;
}

/** The answer to a request, and the buffers that change their owner with it. */
export interface Reply<Result> {
  /** The answer. */
  readonly result: Result;
  /** The buffers. Default: none. */
  readonly transfer?: Transferable[] | undefined;
}

/** For each kind of request, the function that does it. */
export type Handlers<R extends RequestKinds<R>> = {
  readonly [K in keyof R]: (
    ask: R[K]["ask"],
    context: Context,
  ) => Promise<Reply<R[K]["answer"]>> | Reply<R[K]["answer"]>;
};

/** Answers the requests of the page from now on. */
export function serveRequests<R extends RequestKinds<R>>(handlers: Handlers<R>): void {
  /** The requests that can be stopped, by their numbers. */
  const running = new Map<number, AbortController>();
  scope.onmessage = async ({ data }) => {
    const { id } = data;
    if ("isCancel" in data) {
      running.get(id)?.abort();
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    try {
      const { result, transfer } = await handlers[data.name as keyof R](data.ask, {
        signal: controller.signal,
        onProgress: (progress) => scope.postMessage({ id, progress }),
      });
      scope.postMessage({ id, result }, transfer ?? []);
    } catch (error) {
      scope.postMessage({ id, error: sentError(error) });
    } finally {
      running.delete(id);
    }
  };
}

function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { kind: "Error", message: String(error) };
  const series = error instanceof DicomSeriesError ? error.series : undefined;
  return { kind: error.name, message: error.message, series };
}
