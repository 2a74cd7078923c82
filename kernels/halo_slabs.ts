/**
 * Slabs for kernels that look at planes beyond the ones they write.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { Gpu } from "./gpu.ts";
import { rowPitch, type Slab } from "./gpu_image.ts";

/** Planes [begin, end) to be written, for which the planes [from, to) are to be read. */
export interface HaloSlab extends Slab {
  /** First plane to be read, where a binding can begin. */
  readonly from: number;
  /** One past the last plane to be read. */
  readonly to: number;
}

/**
 * Cuts an image into slabs of whole planes of which each, with the planes around it, fits into one
 * binding of every array.
 *
 * @param gpu - Whose limits count.
 * @param size - The image's size.
 * @param halo - Planes that are read beyond either end of a slab.
 * @param bytesPerVoxel - Of the largest array that is read with a halo; a multiple of 4.
 * @param ownBytesPerVoxel - Of the largest array of which a slab's own planes do.
 * @throws {RangeError} when not even the smallest slab fits.
 */
export function haloSlabs(
  gpu: Gpu,
  size: Triple,
  halo: number,
  bytesPerVoxel: number,
  ownBytesPerVoxel: number = bytesPerVoxel,
): HaloSlab[] {
  const [nx, ny, nz] = size, planeVoxels = rowPitch(nx) * ny;
  const largest = Math.max(bytesPerVoxel, ownBytesPerVoxel);
  if (largest * planeVoxels * nz <= gpu.maxBindingBytes) {
    return [{ begin: 0, end: nz, from: 0, to: nz }];
  }
  let step = 1;
  while ((4 * step * planeVoxels) % gpu.bindingAlignment !== 0) step++;
  const most = Math.min(
    Math.floor(gpu.maxBindingBytes / (bytesPerVoxel * planeVoxels)) - 2 * halo - step,
    Math.floor(gpu.maxBindingBytes / (ownBytesPerVoxel * planeVoxels)),
  );
  const planes = Math.floor(most / step) * step;
  if (planes < 1) {
    throw new RangeError(
      `Planes of ${nx} x ${ny} voxels are too large for bindings of ${gpu.maxBindingBytes} bytes: ` +
        "choose a coarser resolution",
    );
  }
  const cut: HaloSlab[] = [];
  for (let begin = 0; begin < nz; begin += planes) {
    const end = Math.min(begin + planes, nz);
    cut.push({
      ...{ begin, end },
      from: Math.floor(Math.max(begin - halo, 0) / step) * step,
      to: Math.min(end + halo, nz),
    });
  }
  return cut;
}
