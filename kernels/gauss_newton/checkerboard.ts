/**
 * Images whose rows hold the even voxels first and then the odd ones, so that a sweep over every other
 * voxel reads and writes whole quads.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { FROM_CHECKERBOARD, TO_CHECKERBOARD } from "./checkerboard.wgsl.ts";

import { type Gpu, type GpuBuffer, type Kernel, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/**
 * Voxels of one or more images by parity: quad q (from 0) of the even voxels 8 q, 8 q + 2, 8 q + 4,
 * 8 q + 6 of a row is `(row * 2 * half + q) * entries + entry`, that of the odd ones half quads further.
 */
export interface Checkerboard {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Quads of one parity in a row. */
  readonly half: number;
  /** Images that are interleaved. */
  readonly entries: number;
  /** The voxels. */
  readonly buffer: GpuBuffer;
  /** Frees it. */
  destroy(): void;
}

/** A checkerboard of zeros. */
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

/** Bytes of a plane. */
export function boardPlaneBytes(
  { half, size, entries }: Pick<Checkerboard, "half" | "size" | "entries">,
): number {
  return 32 * half * size[1] * entries;
}

/** The planes [begin, end). */
export function boardPlanes(
  board: Checkerboard,
  begin: number,
  end: number,
): { buffer: GpuBuffer; offset: number; bytes: number } {
  const bytes = boardPlaneBytes(board);
  return { buffer: board.buffer, offset: begin * bytes, bytes: (end - begin) * bytes };
}

/** Writes an image into an entry of a checkerboard. */
export function toCheckerboard(gpu: Gpu, image: GpuImage, board: Checkerboard, entry = 0): void {
  run(gpu, TO_CHECKERBOARD, image, board, entry);
}

/** Writes a checkerboard of one entry into an image. */
export function fromCheckerboard(gpu: Gpu, board: Checkerboard, image: GpuImage): void {
  run(gpu, FROM_CHECKERBOARD, image, board, 0);
}

function run(gpu: Gpu, kernel: Kernel, image: GpuImage, board: Checkerboard, entry: number): void {
  const { size, half, entries } = board;
  const [, ny, planes] = size;
  const constants = rowWorkgroup(half);
  const recorder = gpu.record(kernel.label);
  const own = [4 * image.pitch * ny, boardPlaneBytes(board)];
  for (const { begin, end } of cutSlabs(gpu, { planes, bound: own })) {
    const parts = [planesOf(image, begin, end), boardPlanes(board, begin, end)];
    recorder.dispatch(kernel, {
      parameters: [ny, end - begin, image.pitch / 4, half, entries, entry, 0, 0].map(u32),
      buffers: kernel === TO_CHECKERBOARD ? parts : parts.reverse(),
      constants,
      workgroups: [Math.ceil(half / constants.wx), Math.ceil(ny / constants.wy), end - begin],
    });
  }
  recorder.submit();
}
