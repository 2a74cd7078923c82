/**
 * Images on the GPU. Rows are padded to a multiple of four voxels, so that every row starts on a
 * vec4 boundary; large images are bound in slabs of whole z planes.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { BufferRange, Gpu, GpuBuffer } from "./gpu.ts";
import { Owned } from "./owned.ts";

/** An f32 image on the GPU: voxel (x, y, z) at `(z * ny + y) * pitch + x`; the content of the padding is undefined. */
export interface GpuImage {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Elements from one row to the next: nx rounded up to a multiple of 4. */
  readonly pitch: number;
  /** The voxels, 4 bytes each: f32, or i32 for labels. */
  readonly buffer: GpuBuffer;
  /** Frees the buffer. */
  destroy(): void;
}

/** A displacement field on the GPU: one image per component, in voxels along the x, y, z axes of its grid. */
export interface GpuField {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Displacements along x, y, z in voxels. */
  readonly components: readonly [GpuImage, GpuImage, GpuImage];
  /** Frees the components. */
  destroy(): void;
}

/** `nx` rounded up to a multiple of 4. */
export function rowPitch(nx: number): number {
  return Math.ceil(nx / 4) * 4;
}

/** Bytes of an image of this size, padding included. */
export function imageBytes(size: Triple): number {
  return 4 * rowPitch(size[0]) * size[1] * size[2];
}

/** An image of zeros; the caller destroys it. */
export function createImage(gpu: Gpu, label: string, size: Triple): GpuImage {
  const buffer = gpu.buffer(label, imageBytes(size));
  return { size, pitch: rowPitch(size[0]), buffer, destroy: () => buffer.destroy() };
}

/**
 * An image on the GPU with these voxels, x fastest; the caller destroys it.
 *
 * @throws {RangeError} when `data` does not have `size[0] * size[1] * size[2]` values.
 */
export function uploadImage(
  gpu: Gpu,
  label: string,
  size: Triple,
  data: Float32Array | Int32Array,
): GpuImage {
  const [nx, ny, nz] = size;
  if (data.length !== nx * ny * nz) {
    throw new RangeError(
      `\`data\` has ${data.length} values, ${size.join(" x ")} needs ${nx * ny * nz}`,
    );
  }
  const image = createImage(gpu, label, size);
  if (image.pitch === nx) {
    gpu.write(image.buffer, data);
    return image;
  }
  // In batches of planes, because a padded copy of a whole large volume takes much memory.
  const planes = Math.max(1, Math.floor(16 * 1024 * 1024 / (4 * image.pitch * ny)));
  // The bits of either type, word by word: a view of each row takes longer.
  const words = new Uint32Array(data.buffer, data.byteOffset, data.length);
  const padded = new Uint32Array(image.pitch * ny * Math.min(planes, nz));
  for (let z = 0; z < nz; z += planes) {
    const rows = ny * Math.min(planes, nz - z);
    for (let row = 0; row < rows; row++) {
      const from = (z * ny + row) * nx;
      const to = row * image.pitch;
      for (let x = 0; x < nx; x++) padded[to + x] = words[from + x];
    }
    gpu.write(image.buffer, padded.subarray(0, rows * image.pitch), 4 * z * ny * image.pitch);
  }
  return image;
}

/** Reads an image's voxels back as f32, without the padding. */
export async function downloadImage(gpu: Gpu, image: GpuImage): Promise<Float32Array> {
  return new Float32Array(await downloadRows(gpu, image));
}

/** Reads a label image's voxels back, without the padding. */
export async function downloadLabels(gpu: Gpu, image: GpuImage): Promise<Int32Array> {
  return new Int32Array(await downloadRows(gpu, image));
}

async function downloadRows(gpu: Gpu, image: GpuImage): Promise<ArrayBuffer> {
  const [nx, ny, nz] = image.size;
  const padded = await gpu.download(image.buffer, 0, imageBytes(image.size));
  if (image.pitch === nx) return padded;
  const source = new Uint32Array(padded);
  const data = new Uint32Array(nx * ny * nz);
  for (let row = 0; row < ny * nz; row++) {
    data.set(source.subarray(row * image.pitch, row * image.pitch + nx), row * nx);
  }
  return data.buffer;
}

/** A displacement field of zeros; the caller destroys it. */
export function createField(gpu: Gpu, label: string, size: Triple): GpuField {
  return Owned.build((owned) => {
    const component = (axis: string) => owned.add(createImage(gpu, `${label} ${axis}`, size));
    return {
      size,
      components: [component("x"), component("y"), component("z")],
      destroy: () => owned.destroy(),
    };
  });
}

/** The part of an image's buffer that holds the planes [begin, end). */
export function planesOf(image: GpuImage, begin: number, end: number): BufferRange {
  const planeBytes = 4 * image.pitch * image.size[1];
  return {
    buffer: image.buffer,
    offset: begin * planeBytes,
    bytes: Math.max(4, (end - begin) * planeBytes),
  };
}
