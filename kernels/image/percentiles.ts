/**
 * Percentiles of an image, exactly, by radix selection on the GPU.
 *
 * @module
 */

import { type Gpu, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { COUNT_DIGITS, DIGITS, MAX_RANKS } from "./percentiles.wgsl.ts";
import { imageSlabs } from "../gpu/slabs.ts";

/** Options of {@link percentiles}. */
export interface PercentilesOptions {
  /** The image. */
  readonly source: GpuImage;
  /** Fractions from 0 to 1, at most 4. */
  readonly fractions: readonly number[];
  /** Only voxels whose mask is at least 0.5 count; all when absent. */
  readonly mask?: GpuImage | undefined;
}

/** Bits of a key that each pass finds, from the top. */
const PASSES = [{ shift: 21, known: 0 }, { shift: 10, known: 0xffe00000 }, {
  shift: 0,
  known: 0xfffffc00,
}];

/**
 * The values below which the given fractions of the voxels lie, linear between order statistics (the
 * fraction f is at rank f (n - 1), as numpy's default).
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
    const counts = await countDigits(gpu, options, prefixes, shift, known);
    if (pass === 0) {
      const total = counts.reduce((sum, count) => sum + count, 0);
      if (total === 0) throw new RangeError("`mask` is empty: no voxel counts");
      const exact = fractions.map((f) => f * (total - 1));
      share = exact.map((rank) => rank - Math.floor(rank));
      remaining = exact.flatMap((rank) => [Math.floor(rank), Math.ceil(rank)]);
      prefixes = remaining.map(() => 0);
    }
    remaining = remaining.map((rank, i) => {
      // In the first pass all ranks share one count, as nothing is known of them yet.
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

async function countDigits(
  gpu: Gpu,
  { source, mask }: PercentilesOptions,
  prefixes: readonly number[],
  shift: number,
  known: number,
): Promise<Uint32Array> {
  const counts = gpu.buffer("digit counts", 4 * DIGITS * prefixes.length);
  const known32 = gpu.upload("digits known", Uint32Array.from(prefixes));
  const recorder = gpu.record("percentiles");
  for (const { begin, end } of imageSlabs(gpu, source.size)) {
    recorder.dispatch(COUNT_DIGITS, {
      parameters: [
        source.size[0],
        source.size[1],
        end - begin,
        source.pitch,
        prefixes.length,
        shift,
        known,
        mask === undefined ? 0 : 1,
      ].map(u32),
      buffers: [
        planesOf(source, begin, end),
        planesOf(mask ?? source, begin, end),
        known32,
        counts,
      ],
      workgroups: [Math.ceil(source.size[0] / 64), source.size[1], end - begin],
    });
  }
  recorder.submit();
  const result = new Uint32Array(await gpu.download(counts));
  counts.destroy();
  known32.destroy();
  return result;
}

/** The float whose sorting key this is. */
function floatOfKey(key: number): number {
  const bits = key & 0x80000000 ? key & 0x7fffffff : ~key;
  return new Float32Array(Uint32Array.of(bits).buffer)[0];
}

/** The plain twin: sorts. */
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
