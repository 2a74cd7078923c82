/**
 * The difference of two images' MIND descriptors at each voxel, and its derivative with respect to the
 * displacement, by shifts of one image's descriptors by a voxel (Heinrich et al. 2012, section 3.3).
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { createImage, type GpuImage, planesOf } from "../gpu/image.ts";
import { Owned } from "../gpu/owned.ts";
import type { MindDescriptors } from "../mind/descriptor.ts";
import { COUNTED_PARTS, prepareCountedSum } from "../sums/sum_counted.ts";
import { MIND_SHIFT } from "./mind_shift.wgsl.ts";
import { cutSlabs, imageSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link mindShift}. */
export interface MindShiftOptions {
  /** The descriptors that are shifted: of the six-neighbourhood, in 10 bits per channel. */
  readonly shifted: MindDescriptors;
  /** The descriptors that are not shifted, of the same kind and on the same grid. */
  readonly still: MindDescriptors;
}

/** Result of {@link mindShift}. */
export interface MindShift {
  /** S, the mean absolute difference of the channels; -1 where a descriptor is missing. */
  readonly difference: GpuImage;
  /** S(shifted by +1 voxel) - S(shifted by -1 voxel) along x, y, z; 0 where a descriptor is missing. */
  readonly changes: readonly [GpuImage, GpuImage, GpuImage];
  /** Frees all four. */
  destroy(): void;
}

/**
 * S and its change by shifts along each axis; the caller destroys the result.
 *
 * @throws {RangeError} when the descriptors are of another kind or on different grids.
 */
export function mindShift(gpu: Gpu, { shifted, still }: MindShiftOptions): MindShift {
  for (const { neighbourhood, bits, size } of [shifted, still]) {
    if (neighbourhood !== "six" || bits !== 10) {
      throw new RangeError("`shifted` and `still` must be of six neighbours, in 10 bits a channel");
    }
    if (size.some((n, axis) => n !== still.size[axis])) {
      throw new RangeError("`shifted` and `still` must have one grid");
    }
  }
  return Owned.build((owned) => {
    const { size, pitch } = still;
    const constants = rowWorkgroup(pitch);
    const planeBytes = 8 * pitch * size[1];
    const [difference, x, y, z] = ["S", "S by x", "S by y", "S by z"].map((label) =>
      owned.add(createImage(gpu, label, size))
    );
    const words = ({ buffer }: MindDescriptors, begin: number, end: number) => ({
      buffer,
      offset: begin * planeBytes,
      bytes: (end - begin) * planeBytes,
    });
    const cut = cutSlabs(gpu, {
      planes: size[2],
      bound: [planeBytes, planeBytes / 2],
      read: [planeBytes],
      before: 1,
      after: 1,
    });
    const recorder = gpu.record("MIND shifts");
    for (const { begin, end, from, to } of cut) {
      recorder.dispatch(MIND_SHIFT, {
        parameters: { size, pitch, begin, planes: end - begin, shiftedBegin: from },
        buffers: [
          words(shifted, from, to),
          words(still, begin, end),
          planesOf(difference, begin, end),
          planesOf(x, begin, end),
          planesOf(y, begin, end),
          planesOf(z, begin, end),
        ],
        constants,
        workgroups: [
          Math.ceil(pitch / constants.wx),
          Math.ceil(size[1] / constants.wy),
          end - begin,
        ],
      });
    }
    recorder.submit();
    return { difference, changes: [x, y, z], destroy: () => owned.destroy() };
  });
}

/** The mean of S over the voxels that have both descriptors, and their number. */
export async function meanDifference(
  gpu: Gpu,
  { difference }: Pick<MindShift, "difference">,
): Promise<{ mean: number; voxels: number }> {
  const cut = imageSlabs(gpu, difference.size);
  const owned = new Owned();
  try {
    const parts = owned.add(gpu.buffer("S parts", 8 * COUNTED_PARTS * cut.length));
    const recorder = gpu.record("mean of S");
    for (const [index, { begin, end }] of cut.entries()) {
      recorder.run(owned.add(prepareCountedSum(gpu, {
        values: planesOf(difference, begin, end),
        quads: (end - begin) * difference.size[1] * difference.pitch / 4,
        parts,
        firstPart: index * COUNTED_PARTS,
      })));
    }
    recorder.submit();
    const sums = new Float32Array(await gpu.download(parts));
    let sum = 0;
    let voxels = 0;
    for (let i = 0; i < sums.length; i += 2) [sum, voxels] = [sum + sums[i], voxels + sums[i + 1]];
    return { mean: sum / Math.max(voxels, 1), voxels };
  } finally {
    owned.destroy();
  }
}

/**
 * The plain twin of {@link mindShift}.
 *
 * @param shifted - Channels of the descriptors at `voxel * 6 + channel`, NaN if a descriptor is missing.
 * @param still - The same of the descriptors that are not shifted.
 */
export function mindShiftReference(
  size: Triple,
  shifted: Float64Array,
  still: Float64Array,
): { difference: Float64Array; changes: [Float64Array, Float64Array, Float64Array] } {
  const voxels = size[0] * size[1] * size[2];
  const steps = [1, size[0], size[0] * size[1]];
  const distance = (from: number, here: number) => {
    let sum = 0;
    for (let c = 0; c < 6; c++) sum += Math.abs(shifted[6 * from + c] - still[6 * here + c]);
    return sum / 6;
  };
  const difference = new Float64Array(voxels).fill(-1);
  const changes = [0, 1, 2].map(() => new Float64Array(voxels));
  for (let i = 0; i < voxels; i++) {
    const here = distance(i, i);
    if (Number.isNaN(here)) continue;
    difference[i] = here;
    steps.forEach((step, axis) => {
      const at = Math.floor(i / step) % size[axis];
      if (at === 0 || at + 1 === size[axis]) return;
      const change = distance(i + step, i) - distance(i - step, i);
      if (!Number.isNaN(change)) changes[axis][i] = change;
    });
  }
  return { difference, changes: changes as [Float64Array, Float64Array, Float64Array] };
}
