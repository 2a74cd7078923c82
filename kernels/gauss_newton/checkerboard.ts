/**
 * Checkerboards: images whose rows hold the even voxels first and then the odd ones, so that a sweep over
 * every other voxel reads and writes whole quads.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { FROM_CHECKERBOARD, TO_CHECKERBOARD } from "./checkerboard.wgsl.ts";
import type { BufferRange, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/**
 * Voxels of one or more images by parity. The quad of the even voxels 8 q, 8 q + 2, 8 q + 4 and 8 q + 6 of a
 * row has the index `(row * 2 * half + q) * entries + entry`; the quad of the odd voxels is `half * entries`
 * quads further.
 */
export interface Checkerboard {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Number of quads of each parity per row. */
  readonly half: number;
  /** Number of interleaved images. */
  readonly entries: number;
  /** The voxels. */
  readonly buffer: GpuBuffer;
  /** Frees it. */
  destroy(): void;
}

/** A checkerboard of zeros; the caller destroys it. */
export function createCheckerboard(
  gpu: Gpu,
  label: string,
  size: Triple,
  entries = 1,
): Checkerboard {
  const half = Math.ceil(size[0] / 8);
  const buffer = gpu.buffer(label, 32 * half * size[1] * size[2] * entries);
  return { size, half, entries, buffer, destroy: () => buffer.destroy() };
}

/** Number of bytes of a plane. */
export function boardPlaneBytes(
  { half, size, entries }: Pick<Checkerboard, "half" | "size" | "entries">,
): number {
  return 32 * half * size[1] * entries;
}

/** The part of the buffer that holds the planes [begin, end). */
export function boardPlanes(board: Checkerboard, begin: number, end: number): BufferRange {
  const bytes = boardPlaneBytes(board);
  return { buffer: board.buffer, offset: begin * bytes, bytes: (end - begin) * bytes };
}

/** Copies an image into an entry of a checkerboard. */
export function toCheckerboard(gpu: Gpu, image: GpuImage, board: Checkerboard, entry = 0): void {
  copyVoxels(gpu, { image, board, entry, toBoard: true });
}

/** Copies a checkerboard of one entry into an image. */
export function fromCheckerboard(gpu: Gpu, board: Checkerboard, image: GpuImage): void {
  copyVoxels(gpu, { image, board, entry: 0, toBoard: false });
}

interface CopyOptions {
  readonly image: GpuImage;
  readonly board: Checkerboard;
  readonly entry: number;
  /** True if the image is the source. */
  readonly toBoard: boolean;
}

function copyVoxels(gpu: Gpu, { image, board, entry, toBoard }: CopyOptions): void {
  const kernel = toBoard ? TO_CHECKERBOARD : FROM_CHECKERBOARD;
  const { size, half, entries } = board;
  const [, ny, planes] = size;
  const constants = rowWorkgroup(half);
  const recorder = gpu.record(kernel.label);
  const bound = [4 * image.pitch * ny, boardPlaneBytes(board)];
  for (const { begin, end } of cutSlabs(gpu, { planes, bound })) {
    const parts = [planesOf(image, begin, end), boardPlanes(board, begin, end)];
    recorder.dispatch(kernel, {
      parameters: {
        rows: ny,
        planes: end - begin,
        imageQuads: image.pitch / 4,
        halfQuads: half,
        entries,
        entry,
      },
      buffers: toBoard ? parts : parts.reverse(),
      constants,
      workgroups: [Math.ceil(half / constants.wx), Math.ceil(ny / constants.wy), end - begin],
    });
  }
  recorder.submit();
}
