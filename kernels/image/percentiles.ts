/**
 * Exact percentiles of an image by radix selection on the GPU.
 *
 * @module
 */

import type { Gpu } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { COUNT_DIGITS, DIGITS, MAX_RANKS } from "./percentiles.wgsl.ts";
import { Owned } from "../gpu/owned.ts";
import { imageSlabs } from "../gpu/slabs.ts";

/** Options of {@link percentiles}. */
export interface PercentilesOptions {
  /** The image. */
  readonly source: GpuImage;
  /** Fractions from 0 to 1, at most 4. */
  readonly fractions: readonly number[];
  /** The mask: voxels at which it is at least 0.5 count. Default: all voxels count. */
  readonly mask?: GpuImage | undefined;
}

/**
 * The passes, from a key's highest bits on: the lowest bit that a pass finds, and the mask of the bits
 * known before it.
 */
const PASSES = [{ shift: 21, known: 0 }, { shift: 10, known: 0xffe00000 }, {
  shift: 0,
  known: 0xfffffc00,
}];

/**
 * The values below which the given fractions of the voxels lie. Values between two order statistics are
 * interpolated linearly: the fraction f has the rank f (n - 1), as in numpy's default.
 *
 * @throws {RangeError} when a fraction is out of range or no voxel counts.
 */
export async function percentiles(gpu: Gpu, options: PercentilesOptions): Promise<number[]> {
  const { fractions } = options;
  if (fractions.length > MAX_RANKS / 2 || !fractions.every((f) => f >= 0 && f <= 1)) {
    throw new RangeError(`\`fractions\` must be at most ${MAX_RANKS / 2} numbers from 0 to 1`);
  }
  let prefixes = [0];
  let remaining: number[] = [];
  let share: number[] = [];
  for (const [pass, { shift, known }] of PASSES.entries()) {
    const counts = await countDigits(gpu, options, { prefixes, shift, known });
    if (pass === 0) {
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === 0) throw new RangeError("`mask` is empty: no voxel counts");
      const exact = fractions.map((f) => f * (total - 1));
      share = exact.map((rank) => rank - Math.floor(rank));
      remaining = exact.flatMap((rank) => [Math.floor(rank), Math.ceil(rank)]);
      prefixes = remaining.map(() => 0);
    }
    remaining = remaining.map((rank, i) => {
      // In the first pass all ranks share one count, because no digit is known yet.
      const from = pass === 0 ? 0 : i * DIGITS;
      let digit = 0;
      while (rank >= counts[from + digit]) rank -= counts[from + digit++];
      prefixes[i] = (prefixes[i] | (digit << shift)) >>> 0;
      return rank;
    });
  }
  const values = prefixes.map(floatOfKey);
  return fractions.map((_, i) => values[2 * i] + share[i] * (values[2 * i + 1] - values[2 * i]));
}

/** A pass of the radix selection. */
interface Pass {
  /** The digits found so far of every key sought. */
  readonly prefixes: readonly number[];
  /** The lowest bit of the digit that this pass finds. */
  readonly shift: number;
  /** The mask of the bits found so far. */
  readonly known: number;
}

async function countDigits(
  gpu: Gpu,
  { source, mask }: PercentilesOptions,
  { prefixes, shift, known }: Pass,
): Promise<Uint32Array> {
  const owned = new Owned();
  try {
    const counts = owned.add(gpu.buffer("digit counts", 4 * DIGITS * prefixes.length));
    const prefixBuffer = owned.add(gpu.upload("digit prefixes", Uint32Array.from(prefixes)));
    const recorder = gpu.record("percentiles");
    for (const { begin, end } of imageSlabs(gpu, source.size)) {
      recorder.dispatch(COUNT_DIGITS, {
        parameters: {
          size: [source.size[0], source.size[1], end - begin],
          pitch: source.pitch,
          ranks: prefixes.length,
          shift,
          knownMask: known,
          masked: mask !== undefined,
        },
        buffers: [
          planesOf(source, begin, end),
          planesOf(mask ?? source, begin, end),
          prefixBuffer,
          counts,
        ],
        workgroups: [Math.ceil(source.size[0] / 64), source.size[1], end - begin],
      });
    }
    recorder.submit();
    return new Uint32Array(await gpu.download(counts));
  } finally {
    owned.destroy();
  }
}

/** The float with this sorting key. */
function floatOfKey(key: number): number {
  const bits = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}

/** The plain twin: sorts all values. */
export function percentilesReference(
  data: Float32Array,
  fractions: readonly number[],
): number[] {
  const sorted = data.slice().sort();
  return fractions.map((f) => {
    const rank = f * (sorted.length - 1);
    const lower = sorted[Math.floor(rank)];
    return lower + (rank - Math.floor(rank)) * (sorted[Math.ceil(rank)] - lower);
  });
}
