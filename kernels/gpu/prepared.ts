/**
 * A step of a method, prepared once and recorded as often as needed.
 *
 * @module
 */

import type { Dispatch } from "./gpu.ts";

/** Dispatches and the buffers that they need. */
export interface Prepared {
  /** The dispatches in the order in which they must be recorded. */
  readonly dispatches: readonly Dispatch[];
  /** Frees the dispatches and their buffers. */
  destroy(): void;
}
