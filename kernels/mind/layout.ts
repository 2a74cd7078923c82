/**
 * Which patches a modality independent neighbourhood descriptor compares.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** MIND's six-neighbourhood or all 26 neighbours (eq. 5), or the 12 pairs of the self-similarity context. */
export type MindNeighbourhood = "six" | "dense" | "ssc";

/** One channel: the patch distance D_o(x) = G * (I(x) - I(x + o))^2 of an offset, looked up at x + shift. */
export interface MindChannel {
  /** Index of the offset. */
  readonly offset: number;
  /** Voxels from x to where it is looked up. */
  readonly shift: Triple;
}

/**
 * A descriptor as distances of few offsets, each used by two channels: the distance of the patch at x to
 * the one at x - o is that of x - o to x, so half of the patch distances need not be computed.
 */
export interface MindLayout {
  /** Offsets o of the distances. */
  readonly offsets: readonly Triple[];
  /** The channels. */
  readonly channels: readonly MindChannel[];
  /** Channels whose mean is the variance v of eq. 5. */
  readonly variance: readonly number[];
  /**
   * Between which bounds the variance is kept, given its mean over the image: Heinrich's for MIND (for
   * intensities in [0, 255]), those in use for the self-similarity context.
   */
  readonly varianceBounds: "sqrt-and-square" | "thousandth-to-thousandfold";
}

/** The axes as unit offsets. */
const AXES: readonly Triple[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

const minus = (a: Triple): Triple => [0 - a[0], 0 - a[1], 0 - a[2]];

/** Both patches of each offset: x against x + o, then x against x - o. */
function bothWays(offsets: readonly Triple[]): MindChannel[] {
  return offsets.flatMap((o, offset) => [
    { offset, shift: [0, 0, 0] as Triple },
    { offset, shift: minus(o) },
  ]);
}

function dense(): Triple[] {
  const rest: Triple[] = [];
  for (let z = 0; z <= 1; z++) {
    for (let y = -1; y <= 1; y++) {
      for (let x = -1; x <= 1; x++) {
        const order = 9 * z + 3 * y + x;
        if (order > 0 && Math.abs(x) + Math.abs(y) + Math.abs(z) > 1) rest.push([x, y, z]);
      }
    }
  }
  return [...AXES, ...rest];
}

/** Pairs (a, b) of six-neighbours at distance sqrt 2: I(x + a) against I(x + b) is D_(b - a)(x + a). */
function selfSimilarityContext(): Pick<MindLayout, "offsets" | "channels"> {
  const offsets: Triple[] = [];
  const channels: MindChannel[] = [];
  for (const [i, j] of [[0, 1], [0, 2], [1, 2]]) {
    for (const sign of [1, -1]) {
      const a = AXES[i];
      const b = AXES[j].map((v) => sign * v) as unknown as Triple;
      // o = b - a serves the pair (a, b), looked up at a, and the pair (-b, -a), looked up at -b.
      offsets.push([b[0] - a[0], b[1] - a[1], b[2] - a[2]]);
      channels.push({ offset: offsets.length - 1, shift: a });
      channels.push({ offset: offsets.length - 1, shift: minus(b) });
    }
  }
  return { offsets, channels };
}

const all = (n: number) => Array.from({ length: n }, (_, i) => i);

/** The layouts. */
export const MIND_LAYOUTS: Readonly<Record<MindNeighbourhood, MindLayout>> = {
  six: {
    offsets: AXES,
    channels: bothWays(AXES),
    variance: all(6),
    varianceBounds: "sqrt-and-square",
  },
  dense: {
    offsets: dense(),
    channels: bothWays(dense()),
    variance: all(6),
    varianceBounds: "sqrt-and-square",
  },
  ssc: {
    ...selfSimilarityContext(),
    variance: all(12),
    varianceBounds: "thousandth-to-thousandfold",
  },
};

/** Bits of a channel: 5 are enough for a sum over the image, 10 for a voxel's own derivative. */
export type ChannelBits = 5 | 10;
/** All words of a voxel that does not count; the two uppermost bits are set in no other. */
export const NO_DESCRIPTOR = 0xffffffff;

/** What the largest entry, 1, is stored as. */
export function channelOne(bits: ChannelBits): number {
  return 2 ** bits - 1;
}

/** Channels in a 32-bit word. */
export function channelsAWord(bits: ChannelBits): number {
  return 30 / bits;
}

/** 32-bit words of a voxel's descriptor. */
export function descriptorWords(neighbourhood: MindNeighbourhood, bits: ChannelBits): number {
  return Math.ceil(MIND_LAYOUTS[neighbourhood].channels.length / channelsAWord(bits));
}
