/**
 * What can go wrong with the GPU, each as a class with a message that says what to do.
 *
 * @module
 */

/** There is no adapter, or it lacks something that is needed. */
export class GpuUnavailableError extends Error {
  override readonly name = "GpuUnavailableError";
}

/** The device was lost while work was under way. */
export class GpuLostError extends Error {
  override readonly name = "GpuLostError";
}

/** The work needs more memory than there is; nothing was started. */
export class GpuMemoryError extends Error {
  override readonly name = "GpuMemoryError";
}

/** The driver refused a command: an error of this library, to be reported. */
export class GpuValidationError extends Error {
  override readonly name = "GpuValidationError";
}
