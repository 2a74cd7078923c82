/**
 * The patches that a modality independent neighbourhood descriptor compares, and its bits.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

/** MIND's six-neighbourhood or all 26 neighbours (eq. 5), or the 12 pairs of the self-similarity context. */
export type MindNeighbourhood = "six" | "dense" | "ssc";

/** One channel: the patch distance D_o(x) = G * (I(x) - I(x + o))^2 of an offset o, read at x + shift. */
export interface MindChannel {
  /** Index of the offset in the layout. */
  readonly offset: number;
  /** Voxels from x to the voxel at which the distance is read. */
  readonly shift: Triple;
}

/**
 * A descriptor as patch distances of few offsets. Two channels share each offset: the distance of the
 * patch at x to the patch at x - o equals that of x - o to x, so that half of the distances are computed.
 */
export interface MindLayout {
  /** Offsets o of the distances. */
  readonly offsets: readonly Triple[];
  /** The channels. */
  readonly channels: readonly MindChannel[];
  /** Indices of the channels whose mean is the variance v of eq. 5. */
  readonly variance: readonly number[];
  /**
   * The bounds to which the variance is clamped, from its mean over the image: sqrt(mean) and mean^2 as in
   * Heinrich's code for MIND (for intensities in [0, 255]), or 0.001 mean and 1000 mean as in his code for
   * the self-similarity context.
   */
  readonly varianceBounds: "sqrt-and-square" | "thousandth-to-thousandfold";
}

/** The axes as unit offsets. */
const AXES: readonly Triple[] = [[1, 0, 0], [0, 1, 0], [0, 0, 1]];

const minus = (a: Triple): Triple => [0 - a[0], 0 - a[1], 0 - a[2]];

/** Two channels per offset o: x against x + o, then x against x - o. */
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

/** Pairs (a, b) of six-neighbours at the distance sqrt(2): I(x + a) against I(x + b) is D_(b - a)(x + a). */
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

/** The layout of each neighbourhood. */
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

/** Bits per channel: 5 suffice for a sum over the image, 10 for the derivative of a single voxel. */
export type ChannelBits = 5 | 10;
/** The value of all words of a voxel that does not count; the two highest bits are set in no other word. */
export const NO_DESCRIPTOR = 0xffffffff;

/** The stored value of the largest entry, 1. */
export function maxChannelValue(bits: ChannelBits): number {
  return 2 ** bits - 1;
}

/** Channels per 32-bit word. */
export function channelsPerWord(bits: ChannelBits): number {
  return 30 / bits;
}

/** 32-bit words per voxel of a descriptor. */
export function descriptorWords(neighbourhood: MindNeighbourhood, bits: ChannelBits): number {
  return Math.ceil(MIND_LAYOUTS[neighbourhood].channels.length / channelsPerWord(bits));
}
