/**
 * A step of a method, prepared once and recorded as often as needed.
 *
 * @module
 */

import type { Dispatch } from "./gpu.ts";

/** Dispatches and the buffers that they need. */
export interface Prepared {
  /** To be recorded in this order. */
  readonly dispatches: readonly Dispatch[];
  /** Frees the dispatches and their buffers. */
  destroy(): void;
}
