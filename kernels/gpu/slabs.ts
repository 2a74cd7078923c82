/**
 * Slabs: a large array is bound in parts of whole planes, because one binding holds so many bytes only
 * and begins at a multiple of the binding alignment.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "./gpu.ts";
import { rowPitch } from "./image.ts";

/** A range of z planes [begin, end). */
export interface Slab {
  /** First plane. */
  readonly begin: number;
  /** One past the last plane. */
  readonly end: number;
}

/** Planes [begin, end) to be written, for which the planes [from, to) are read. */
export interface HaloSlab extends Slab {
  /** First plane that is read; a binding can begin there. */
  readonly from: number;
  /** One past the last plane that is read. */
  readonly to: number;
}

/** Options of {@link cutSlabs}. */
export interface SlabOptions {
  /** Number of planes. */
  readonly planes: number;
  /** Bytes per plane of each array of which exactly the slab's planes are bound. */
  readonly bound: readonly number[];
  /** Bytes per plane of each array that is read beyond the slab. Default none. */
  readonly read?: readonly number[] | undefined;
  /** Planes that are read before a slab's first one. Default 0. */
  readonly before?: number | undefined;
  /** Planes that are read after a slab's last one. Default 0. */
  readonly after?: number | undefined;
}

/** The smallest number of planes whose bytes are a multiple of the binding alignment. */
export function alignedPlanes(gpu: Gpu, ...bytesPerPlane: readonly number[]): number {
  let planes = 1;
  while (bytesPerPlane.some((bytes) => (planes * bytes) % gpu.bindingAlignment !== 0)) planes++;
  return planes;
}

/**
 * Cuts arrays into slabs of whole planes, such that each slab fits into one binding of every array and
 * begins where a binding can. One slab where everything fits.
 *
 * @throws {RangeError} when not even the smallest slab fits.
 */
export function cutSlabs(gpu: Gpu, options: SlabOptions): HaloSlab[] {
  const { planes, bound, read = [], before = 0, after = 0 } = options;
  const arrays = [...bound, ...read];
  const largest = Math.max(...arrays);
  if (largest * planes <= gpu.maxBindingBytes) {
    return [{ begin: 0, end: planes, from: 0, to: planes }];
  }
  // A slab's first byte must be aligned in every array.
  const step = alignedPlanes(gpu, ...arrays);
  // The planes before a slab are read from where a binding can begin: up to step - 1 more.
  const extra = before + after + (before > 0 ? step : 0);
  const max = Math.min(
    ...bound.map((bytes) => Math.floor(gpu.maxBindingBytes / bytes)),
    ...read.map((bytes) => Math.floor(gpu.maxBindingBytes / bytes) - extra),
  );
  const height = Math.floor(max / step) * step;
  if (height < 1) {
    throw new RangeError(
      `${step} planes of ${largest} bytes are too large for bindings of ${gpu.maxBindingBytes} ` +
        "bytes: choose a coarser resolution",
    );
  }
  const slabs: HaloSlab[] = [];
  for (let begin = 0; begin < planes; begin += height) {
    const end = Math.min(begin + height, planes);
    slabs.push({
      begin,
      end,
      from: Math.floor(Math.max(begin - before, 0) / step) * step,
      to: Math.min(end + after, planes),
    });
  }
  return slabs;
}

/** Options of {@link imageSlabs}. */
export interface ImageSlabOptions {
  /** Bytes per voxel of the largest array that is bound. Default 4. */
  readonly bytesPerVoxel?: number | undefined;
  /** Planes that are read before a slab's first and after its last one. Default 0. */
  readonly halo?: number | undefined;
  /** True if an array of 1 byte per voxel is bound, too. Default false. */
  readonly withBytes?: boolean | undefined;
}

/**
 * Slabs of an image of this size, whose rows are padded as those of a `GpuImage`.
 *
 * @throws {RangeError} when not even the smallest slab fits.
 */
export function imageSlabs(gpu: Gpu, size: Triple, options: ImageSlabOptions = {}): HaloSlab[] {
  const { bytesPerVoxel = 4, halo = 0, withBytes = false } = options;
  const plane = rowPitch(size[0]) * size[1];
  const bytes = [bytesPerVoxel * plane];
  return cutSlabs(gpu, {
    planes: size[2],
    bound: withBytes ? [...bytes, plane] : bytes,
    read: halo > 0 ? bytes : [],
    before: halo,
    after: halo,
  });
}

/** A part of an image that is interpolated: the cells that begin in the planes [begin, end). */
export interface CellWindow extends Slab {
  /** One past the last plane that these cells read. */
  readonly to: number;
}

/**
 * Windows over an image that is interpolated between two planes at a time; every cell lies in one window.
 *
 * @throws {RangeError} when not even the smallest window fits.
 */
export function cellWindows(gpu: Gpu, size: Triple, bytesPerVoxel = 4): CellWindow[] {
  const planes = size[2];
  const read = [bytesPerVoxel * rowPitch(size[0]) * size[1]];
  // An image of one plane has one cell, too.
  const lastCell = Math.max(planes - 1, 1);
  return cutSlabs(gpu, { planes, bound: read, read, after: 1 })
    .filter(({ begin }) => begin < lastCell)
    .map(({ begin, end, to }) => ({ begin, end: Math.min(end, lastCell), to }));
}
