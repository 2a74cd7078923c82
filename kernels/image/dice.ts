/**
 * The overlap of label images.
 *
 * @module
 */

import { type Gpu, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { COUNT_LABELS } from "./dice.wgsl.ts";
import { imageSlabs } from "../gpu/slabs.ts";

/** Voxels of one label. */
export interface DiceCount {
  /** The label id. */
  readonly label: number;
  /** Voxels in the first image. */
  readonly a: number;
  /** Voxels in the second. */
  readonly b: number;
  /** Voxels in both. */
  readonly both: number;
}

/** Options of {@link diceCounts}. */
export interface DiceCountsOptions {
  /** A label image (i32). */
  readonly a: GpuImage;
  /** Another of the same size. */
  readonly b: GpuImage;
  /** The label ids to count. */
  readonly labels: readonly number[];
}

/** Counts every label in both images and in their intersection. */
export async function diceCounts(gpu: Gpu, options: DiceCountsOptions): Promise<DiceCount[]> {
  const { a, b, labels } = options;
  if (a.size.some((n, axis) => n !== b.size[axis])) {
    throw new RangeError(`\`a\` (${a.size.join(" x ")}) and \`b\` (${b.size.join(" x ")}) differ`);
  }
  if (labels.length === 0) return [];
  const ids = gpu.upload("labels", Int32Array.from(labels));
  const counts = gpu.buffer("Dice counts", 12 * labels.length);
  const recorder = gpu.record("Dice");
  for (const { begin, end } of imageSlabs(gpu, a.size)) {
    recorder.dispatch(COUNT_LABELS, {
      parameters: [a.size[0], a.size[1], end - begin, a.pitch, labels.length, 0, 0, 0].map(u32),
      buffers: [planesOf(a, begin, end), planesOf(b, begin, end), ids, counts],
      workgroups: [Math.ceil(a.size[0] / 64), a.size[1], end - begin],
    });
  }
  recorder.submit();
  const got = new Uint32Array(await gpu.download(counts));
  ids.destroy();
  counts.destroy();
  return labels.map((label, i) => ({
    label,
    a: got[3 * i],
    b: got[3 * i + 1],
    both: got[3 * i + 2],
  }));
}

/** The plain twin of {@link diceCounts}. */
export function diceCountsReference(
  a: Int32Array,
  b: Int32Array,
  labels: readonly number[],
): DiceCount[] {
  return labels.map((label) => {
    const count = { label, a: 0, b: 0, both: 0 };
    for (let i = 0; i < a.length; i++) {
      if (a[i] === label) count.a++;
      if (b[i] === label) count.b++;
      if (a[i] === label && b[i] === label) count.both++;
    }
    return count;
  });
}

/** 2 |A and B| / (|A| + |B|), NaN when the label is in neither image. */
export function diceCoefficient({ a, b, both }: DiceCount): number {
  return 2 * both / (a + b);
}
