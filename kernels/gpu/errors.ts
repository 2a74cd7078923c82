/**
 * The errors of the GPU. Each is a class whose message tells the user what to do.
 *
 * @module
 */

import { CrosswarpError } from "../../host/errors.ts";

/** There is no adapter, or it lacks something that is needed. */
export class GpuUnavailableError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "GpuUnavailableError";
}

/** The device was lost while work was under way. */
export class GpuLostError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "GpuLostError";
}

/** The work needs more memory than there is; nothing was started. */
export class GpuMemoryError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "GpuMemoryError";
}

/** The driver refused a command: an error of this library, to be reported. */
export class GpuValidationError extends CrosswarpError {
  /** The name of the class. */
  override readonly name = "GpuValidationError";
}
