/**
 * The times of named pieces of work, for traces. They cost nothing while nobody observes them.
 *
 * @module
 */

/** A piece of work. */
export interface TimedWork {
  /** The name. */
  readonly name: string;
  /** The begin, in ms of `performance.now()`. */
  readonly start: number;
  /** The end, in ms of `performance.now()`. */
  readonly end: number;
}

let observer: ((work: TimedWork) => void) | undefined;

/** Calls a function at the end of each piece of work of this thread; undefined ends that. */
export function observeTimeline(observe: ((work: TimedWork) => void) | undefined): void {
  observer = observe;
}

/**
 * Does a piece of work, and reports its time to the observer. If the work returns a promise, it ends with the promise.
 *
 * @returns The result of the work.
 *
 * @example Usage
 * ```ts
 * import { observeTimeline, timed } from "./timeline.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const names: string[] = [];
 * observeTimeline(({ name }) => names.push(name));
 * assertEquals(timed("sum", () => 1 + 1), 2);
 * await timed("later", () => Promise.resolve());
 * observeTimeline(undefined);
 * assertEquals(names, ["sum", "later"]);
 * ```
 */
export function timed<T>(name: string, work: () => T): T {
  if (observer === undefined) return work();
  const start = performance.now();
  const end = () => observer?.({ name, start, end: performance.now() });
  let isLater = false;
  try {
    const result = work();
    if (!(result instanceof Promise)) return result;
    isLater = true;
    return result.finally(end) as T;
  } finally {
    if (!isLater) end();
  }
}
