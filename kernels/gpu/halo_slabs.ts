/**
 * Slabs for kernels that bind arrays of several widths, or look at planes beyond the ones they write.
 *
 * @module
 */

import type { Gpu } from "./gpu.ts";
import type { Slab } from "./image.ts";

/** Planes [begin, end) to be written, for which the planes [from, to) are to be read. */
export interface HaloSlab extends Slab {
  /** First plane to be read, where a binding can begin. */
  readonly from: number;
  /** One past the last plane to be read. */
  readonly to: number;
}

/** Options of {@link haloSlabs}. */
export interface HaloSlabOptions {
  /** Planes in all. */
  readonly planes: number;
  /** Bytes a plane of the arrays of which a slab's own planes are bound. */
  readonly own: readonly number[];
  /** Bytes a plane of the arrays that are read with a halo. */
  readonly read?: readonly number[] | undefined;
  /** Planes that are read beyond either end of a slab. Default 0. */
  readonly halo?: number | undefined;
}

/**
 * Cuts arrays into slabs of whole planes, such that each slab fits into one binding of every array and
 * begins where a binding can.
 *
 * @throws {RangeError} when not even the smallest slab fits.
 */
export function haloSlabs(
  gpu: Gpu,
  { planes, own, read = [], halo = 0 }: HaloSlabOptions,
): HaloSlab[] {
  const all = [...own, ...read];
  const largest = Math.max(...all);
  if (largest * planes <= gpu.maxBindingBytes) {
    return [{ begin: 0, end: planes, from: 0, to: planes }];
  }
  let step = 1;
  while (all.some((bytes) => (step * bytes) % gpu.bindingAlignment !== 0)) step++;
  const most = Math.min(
    ...own.map((bytes) => Math.floor(gpu.maxBindingBytes / bytes)),
    ...read.map((bytes) => Math.floor(gpu.maxBindingBytes / bytes) - 2 * halo - step),
  );
  const each = Math.floor(most / step) * step;
  if (each < 1) {
    throw new RangeError(
      `${step} planes of ${largest} bytes are too large for bindings of ${gpu.maxBindingBytes} ` +
        "bytes: choose a coarser resolution",
    );
  }
  const cut: HaloSlab[] = [];
  for (let begin = 0; begin < planes; begin += each) {
    const end = Math.min(begin + each, planes);
    cut.push({
      begin,
      end,
      from: Math.floor(Math.max(begin - halo, 0) / step) * step,
      to: Math.min(end + halo, planes),
    });
  }
  return cut;
}
