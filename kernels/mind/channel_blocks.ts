/**
 * The arrays of the blocks of an image: for each plane of blocks the items of all its blocks, one after the other, so
 * that a range of planes can be bound.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { BufferRange, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { cutSlabs, type HaloSlab, type Slab } from "../gpu/slabs.ts";
import type { ChannelWindow } from "./channel_window.ts";

/** The blocks of an image along each axis. */
export function blocksOf(image: Triple, { width }: ChannelWindow): Triple {
  return image.map((n) => Math.ceil(n / width)) as unknown as Triple;
}

/** vec4 from an item of a plane of blocks to the next, so that a binding can begin at every plane. */
export function blockArea(gpu: Gpu, [x, y]: Triple): number {
  const step = gpu.bindingAlignment / 16;
  return step * Math.ceil(x * y / step);
}

/**
 * The vec4 of a block with the sums of its voxels: one per channel with the sums of f, m, f^2 and m^2, and then, four to
 * a vec4, the sums of f m of each channel and the number of voxels that count.
 */
export function momentItems(channels: number): number {
  return channels + Math.ceil((channels + 1) / 4);
}

/** A number in the arrays of the blocks. */
export interface BlockComponent {
  /** The item, a vec4. */
  readonly item: number;
  /** WGSL: the component of the vec4. */
  readonly lane: string;
}

/** The component `i` of the items from `first` on. */
export function blockComponent(i: number, first = 0): BlockComponent {
  return { item: first + (i >> 2), lane: "xyzw"[i % 4] };
}

/** The component of the sum of f m of a channel, or of the number of voxels for `channel = channels`. */
export function productComponent(channels: number, channel: number): BlockComponent {
  return blockComponent(channel, channels);
}

/**
 * The components of a block after the correlation: three coefficients of the derivative by each channel, and the cost
 * and the weight of the window.
 */
export function slopeComponents(channels: number): {
  /** The coefficients of the fixed and of the moving entry of each channel, and what is left. */
  readonly ofChannel: readonly (readonly [BlockComponent, BlockComponent, BlockComponent])[];
  /** (1 - mean of cc) W of the window. */
  readonly value: BlockComponent;
  /** The weight W of the window. */
  readonly weight: BlockComponent;
} {
  return {
    ofChannel: Array.from({ length: channels }, (_, c) => [
      blockComponent(c),
      blockComponent(channels + c),
      blockComponent(2 * channels + c),
    ]),
    value: blockComponent(3 * channels),
    weight: blockComponent(3 * channels + 1),
  };
}

/** The vec4 of a block after the correlation, {@link slopeComponents}. */
export function slopeItems(channels: number): number {
  return Math.ceil((3 * channels + 2) / 4);
}

/** The parts of the planes of blocks, and the planes that are read around each: windows and their transpose reach two. */
export function blockParts(gpu: Gpu, blocks: Triple, channels: number): HaloSlab[] {
  const bytes = (items: number) => 16 * items * blockArea(gpu, blocks);
  return cutSlabs(gpu, {
    planes: blocks[2],
    bound: [bytes(slopeItems(channels))],
    read: [bytes(momentItems(channels))],
    before: 2,
    after: 2,
  });
}

/** The planes of blocks of an array with so many items per block. */
export function blockPlanes(
  buffer: GpuBuffer,
  { items, area, begin, end }: Slab & { readonly items: number; readonly area: number },
): BufferRange {
  const bytes = 16 * items * area;
  return { buffer, offset: bytes * begin, bytes: bytes * (end - begin) };
}
