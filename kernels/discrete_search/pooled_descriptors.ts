/**
 * Descriptors of blocks: the mean of the MIND-SSC descriptors of their voxels.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import type { MindDescriptors } from "../mind/descriptor.ts";
import { BITS, CHANNEL_QUADS, CHANNELS, POOL_DESCRIPTORS } from "./pooled_descriptors.wgsl.ts";

/** A block with a smaller share of valid voxels does not count. */
const FEWEST = 0.25;

/** The mean descriptors of the blocks of an image. */
export interface PooledDescriptors {
  /** Blocks along x, y, z. */
  readonly size: Triple;
  /** 12 channels in [0, 1] per block, x fastest; all are -1 where the block does not count. */
  readonly buffer: GpuBuffer;
  /** Frees them. */
  destroy(): void;
}

/** Bytes of the mean descriptors of so many blocks. */
export function pooledBytes(blocks: number): number {
  return 16 * CHANNEL_QUADS * blocks;
}

/**
 * The mean descriptors of blocks of `edge` voxels; the caller destroys them.
 *
 * @param descriptors - MIND-SSC descriptors with 5 bits per channel, of an image of whole blocks.
 * @throws {RangeError} when the descriptors are others, or the image does not consist of whole blocks.
 */
export function poolDescriptors(
  gpu: Gpu,
  { descriptors, edge }: { readonly descriptors: MindDescriptors; readonly edge: number },
): PooledDescriptors {
  const { size: voxels, pitch, neighbourhood, bits, buffer: source } = descriptors;
  if (neighbourhood !== "ssc" || bits !== BITS) {
    throw new RangeError(
      `\`descriptors\` must be MIND-SSC with ${BITS} bits, got ${neighbourhood} with ${bits}`,
    );
  }
  const size = blocksOf(voxels, edge);
  const buffer = gpu.buffer("mean descriptors", pooledBytes(size[0] * size[1] * size[2]));
  try {
    gpu.record("mean descriptors").dispatch(POOL_DESCRIPTORS, {
      parameters: { size: voxels, pitch, blocks: size, edge, fewest: FEWEST * edge ** 3 },
      buffers: [source, buffer],
      workgroups: [Math.ceil(size[0] / 8), Math.ceil(size[1] / 8), size[2]],
    }).submit();
  } catch (error) {
    buffer.destroy();
    throw error;
  }
  return { size, buffer, destroy: () => buffer.destroy() };
}

/** The number of blocks that count. */
export async function countBlocks(gpu: Gpu, { size, buffer }: PooledDescriptors): Promise<number> {
  const bytes = pooledBytes(size[0] * size[1] * size[2]);
  const means = new Float32Array(await gpu.download(buffer, 0, bytes));
  let count = 0;
  for (let i = 0; i < means.length; i += CHANNELS) if (means[i] >= 0) count++;
  return count;
}

/** The number of blocks along each axis of an image of whole blocks. */
function blocksOf(voxels: Triple, edge: number): Triple {
  if (voxels.some((n) => n % edge !== 0)) {
    throw new RangeError(`${voxels.join(" x ")} voxels are not whole blocks of ${edge}`);
  }
  return [voxels[0] / edge, voxels[1] / edge, voxels[2] / edge];
}

/**
 * The plain twin, of entries as `mindDescriptorsReference()` returns them.
 *
 * @returns 12 channels per block, x fastest; all are -1 where the block does not count.
 */
export function poolDescriptorsReference(
  { size: voxels, entries, edge }: {
    readonly size: Triple;
    readonly entries: ArrayLike<number>;
    readonly edge: number;
  },
): { size: Triple; data: Float64Array } {
  const size = blocksOf(voxels, edge);
  const blocks = size[0] * size[1] * size[2];
  const data = new Float64Array(blocks * CHANNELS);
  const counts = new Float64Array(blocks);
  for (let i = 0; i < voxels[0] * voxels[1] * voxels[2]; i++) {
    if (Number.isNaN(entries[i * CHANNELS])) continue;
    const [x, y, z] = [
      i % voxels[0],
      Math.floor(i / voxels[0]) % voxels[1],
      Math.floor(i / (voxels[0] * voxels[1])),
    ].map((v) => Math.floor(v / edge));
    const block = (z * size[1] + y) * size[0] + x;
    counts[block]++;
    for (let c = 0; c < CHANNELS; c++) data[block * CHANNELS + c] += entries[i * CHANNELS + c];
  }
  const means = data.map((sum, i) => {
    const count = counts[Math.floor(i / CHANNELS)];
    return count >= FEWEST * edge ** 3 ? sum / count : -1;
  });
  return { size, data: means };
}
