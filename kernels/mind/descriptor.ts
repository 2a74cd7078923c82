/**
 * The modality independent neighbourhood descriptor (Heinrich et al. 2012; eq. 5): how alike the patch
 * around a voxel is to the patches around its neighbours, a channel each,
 *
 * m_r(x) = exp(-d_P(x, x + r) / v(x)) / n,  d_P = G_sigma * (I(x) - I(x + r))^2,
 *
 * with v the mean of d_P over the six-neighbourhood and n so that the largest entry is 1; and its
 * self-similarity context (MIND-SSC, Heinrich et al. 2013), which compares the six-neighbours' patches
 * with each other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import { f32, type Gpu, type GpuBuffer, i32, u32 } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { maskImage } from "../image/mask_image.ts";
import {
  LARGEST_PATCH,
  MIND_DIFFERENCES,
  MIND_SMOOTH,
  MIND_VARIANCE_BOUNDS,
  mindPack,
  mindVariance,
} from "./descriptor.wgsl.ts";
import {
  type ChannelBits,
  channelOne,
  channelsAWord,
  descriptorWords,
  MIND_LAYOUTS,
  type MindNeighbourhood,
  NO_DESCRIPTOR,
} from "./layout.ts";
import { COUNTED_PARTS, SUM_COUNTED } from "../sums/sum_counted.wgsl.ts";
import { alignedPlanes, cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link mindDescriptors}. */
export interface MindOptions {
  /** The image; below -1e20 where it has no value. */
  readonly source: GpuImage;
  /** 1 where the image counts, 0 elsewhere, on its grid; everywhere when absent. */
  readonly mask?: GpuImage | undefined;
  /** What is compared with what. */
  readonly neighbourhood: MindNeighbourhood;
  /** Standard deviation of the patch weights, voxels; the patch's half-size is ceil(1.5 sigma). At most 2. */
  readonly sigma: number;
  /** What intensities are multiplied by; they should then span about 255. */
  readonly scale: number;
  /** Bits of a channel. */
  readonly bits: ChannelBits;
}

/** Descriptors of all voxels: words of six 5-bit or three 10-bit channels, a voxel's together. */
export interface MindDescriptors {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Voxels from one row to the next. */
  readonly pitch: number;
  /** What is compared with what. */
  readonly neighbourhood: MindNeighbourhood;
  /** Bits of a channel. */
  readonly bits: ChannelBits;
  /** 32-bit words of a voxel. */
  readonly words: number;
  /** Voxel (x, y, z) at `((z * ny + y) * pitch + x) * words`; all bits set where it does not count. */
  readonly buffer: GpuBuffer;
  /** Frees them. */
  destroy(): void;
}

/** Half-size of a patch, ceil(1.5 sigma), and its weights from the centre outwards. */
export function patchWeights(sigma: number): { radius: number; weights: number[] } {
  const radius = Math.ceil(1.5 * sigma);
  if (!(sigma > 0 && radius <= LARGEST_PATCH)) {
    throw new RangeError(`\`sigma\` must be above 0 and at most ${LARGEST_PATCH / 1.5} voxels`);
  }
  const raw = Array.from(
    { length: radius + 1 },
    (_, j) => Math.exp(-(j * j) / (2 * sigma * sigma)),
  );
  const sum = raw.reduce((total, w, j) => total + (j === 0 ? w : 2 * w), 0);
  return { radius, weights: [0, 1, 2, 3].map((j) => (raw[j] ?? 0) / sum) };
}

/** Slabs of the output for which all offsets' distances fit into one binding. */
function descriptorSlabs(gpu: Gpu, source: GpuImage, offsets: number, words: number, halo: number) {
  const planes = source.size[2];
  const planeBytes = 4 * source.pitch * source.size[1];
  const step = alignedPlanes(gpu, planeBytes);
  const read = [planeBytes * offsets];
  const bound = [planeBytes * words];
  return cutSlabs(gpu, { planes, bound, read, before: halo + step, after: halo }).map((
    { begin, end },
  ) => ({
    begin,
    end,
    // Planes of distances (a channel looks one plane aside), of their input (a patch further), and of
    // the image (a neighbour further), the last from where a binding can begin.
    distances: [Math.max(begin - 1, 0), Math.min(end + 1, planes)] as const,
    differences: [Math.max(begin - halo, 0), Math.min(end + halo, planes)] as const,
    image: [
      Math.floor(Math.max(begin - halo - 1, 0) / step) * step,
      Math.min(end + halo + 1, planes),
    ] as const,
  }));
}

/** Records and submits the descriptors of an image. */
export function mindDescriptors(gpu: Gpu, options: MindOptions): MindDescriptors {
  const { mask, neighbourhood, sigma, scale, bits } = options;
  const layout = MIND_LAYOUTS[neighbourhood];
  const words = descriptorWords(neighbourhood, bits);
  const { radius, weights } = patchWeights(sigma);
  const recorder = gpu.record("MIND descriptors");
  // Nothing of what a mask leaves out may get into a patch.
  const source = mask === undefined
    ? options.source
    : recorder.temporary(maskImage(gpu, options.source, mask));
  const [, ny] = source.size;
  const quads = source.pitch / 4;
  const offsets = layout.offsets.length;
  const cut = descriptorSlabs(gpu, source, offsets, words, radius + 1);
  const planeBytes = 4 * source.pitch * ny;
  const deepest = Math.max(...cut.map(({ differences }) => differences[1] - differences[0]));
  const buffer = gpu.buffer("MIND descriptors", planeBytes * source.size[2] * words);
  const scratch = (label: string, bytes: number) =>
    recorder.temporary(gpu.buffer(`MIND ${label}`, bytes));
  const a = scratch("differences", offsets * deepest * planeBytes);
  const b = scratch("distances", offsets * deepest * planeBytes);
  const variance = scratch("variance", deepest * planeBytes);
  const parts = scratch("parts", 8 * COUNTED_PARTS * cut.length);
  const bounds = scratch("bounds", 8);
  const constants = rowWorkgroup(quads);
  const groups = (planes: number) =>
    [Math.ceil(quads / constants.wx), Math.ceil(ny / constants.wy), planes] as const;
  type Range = readonly [number, number];
  const pass = (input: Range, output: Range) =>
    [...source.size, quads, input[0], output[0], output[1] - output[0], input[1] - input[0]]
      .map(u32);
  const part = ([begin, end]: Range) => planesOf(source, begin, end);

  const variances = (slab: typeof cut[number]) => {
    const { differences, distances, image } = slab;
    const own: Range = [slab.begin, slab.end];
    const depth = differences[1] - differences[0];
    layout.offsets.forEach((offset, index) =>
      recorder.dispatch(MIND_DIFFERENCES, {
        parameters: [
          ...pass(image, differences),
          ...offset.map(i32),
          f32(scale),
          ...weights.map(f32),
          ...[index * depth * ny * quads, 0, 0, 0, 0, 0, 0, 0].map(u32),
        ],
        buffers: [part(image), a],
        constants,
        workgroups: groups(depth),
      })
    );
    for (
      const [alongZ, from, into, input, output] of [
        [0, a, b, differences, differences],
        [1, b, a, differences, distances],
      ] as const
    ) {
      recorder.dispatch(MIND_SMOOTH, {
        parameters: [
          ...pass(input, output),
          ...weights.map(f32),
          u32(alongZ),
          u32(offsets),
          i32(radius),
          u32(0),
        ],
        buffers: [from, into],
        constants,
        workgroups: groups(output[1] - output[0]),
      });
    }
    recorder.dispatch(mindVariance(neighbourhood), {
      parameters: [
        ...pass(distances, own),
        ...[image[0], 0, 0, 0].map(u32),
      ],
      buffers: [a, part(image), variance],
      constants,
      workgroups: groups(slab.end - slab.begin),
    });
  };

  cut.forEach((slab, index) => {
    variances(slab);
    recorder.dispatch(SUM_COUNTED, {
      parameters: [(slab.end - slab.begin) * ny * quads, index * COUNTED_PARTS, 0, 0].map(u32),
      buffers: [variance, parts],
      workgroups: [COUNTED_PARTS],
    });
  });
  recorder.dispatch(MIND_VARIANCE_BOUNDS, {
    parameters: [
      COUNTED_PARTS * cut.length,
      layout.varianceBounds === "thousandth-to-thousandfold" ? 1 : 0,
      0,
      0,
    ].map(u32),
    buffers: [parts, bounds],
    workgroups: [1],
  });
  for (const slab of cut) {
    if (cut.length > 1) variances(slab); // the scratch held another slab's since
    recorder.dispatch(mindPack(neighbourhood, bits), {
      parameters: pass(slab.distances, [slab.begin, slab.end]),
      buffers: [a, variance, bounds, {
        buffer,
        offset: slab.begin * planeBytes * words,
        bytes: (slab.end - slab.begin) * planeBytes * words,
      }],
      constants,
      workgroups: groups(slab.end - slab.begin),
    });
  }
  recorder.submit();
  return {
    size: source.size,
    pitch: source.pitch,
    neighbourhood,
    bits,
    words,
    buffer,
    destroy: () => buffer.destroy(),
  };
}

/** What the plain twins compute from. */
export interface MindReferenceOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Intensities, x fastest; below -1e20 where there is none. */
  readonly data: Float32Array;
  /** Non-zero where the image counts. */
  readonly mask?: ArrayLike<number> | undefined;
  /** As in {@link MindOptions}. */
  readonly neighbourhood: MindNeighbourhood;
  /** As in {@link MindOptions}. */
  readonly sigma: number;
  /** As in {@link MindOptions}. */
  readonly scale: number;
}

/** The plain twin: entries in [0, 1], `voxel * channels + channel`; NaN where the voxel does not count. */
export function mindDescriptorsReference(options: MindReferenceOptions): Float64Array {
  const { size, data, mask, neighbourhood, sigma, scale } = options;
  const [nx, ny, nz] = size;
  const voxels = nx * ny * nz;
  const layout = MIND_LAYOUTS[neighbourhood];
  const { radius, weights } = patchWeights(sigma);
  const index = (x: number, y: number, z: number) => (z * ny + y) * nx + x;
  const at = (i: number): Triple => [i % nx, Math.floor(i / nx) % ny, Math.floor(i / (nx * ny))];
  const clamped = (p: Triple) => {
    const [x, y, z] = p.map((v, axis) => Math.min(Math.max(v, 0), size[axis] - 1));
    return index(x, y, z);
  };
  const exists = (p: Triple) =>
    p.every((v, axis) => v >= 0 && v < size[axis]) && data[index(...p)] > -1e20 &&
    (mask === undefined || mask[index(...p)] >= 0.5);
  const plus = (p: Triple, o: Triple): Triple => [p[0] + o[0], p[1] + o[1], p[2] + o[2]];
  const distances = layout.offsets.map((offset) => {
    const squared = Float64Array.from({ length: voxels }, (_, i) => {
      const here = at(i);
      const there = plus(here, offset);
      return exists(here) && exists(there) ? (scale * (data[i] - data[index(...there)])) ** 2 : 0;
    });
    return squared.map((_, i) => {
      let sum = 0;
      for (let dz = -radius; dz <= radius; dz++) {
        for (let dy = -radius; dy <= radius; dy++) {
          for (let dx = -radius; dx <= radius; dx++) {
            const weight = [dx, dy, dz].reduce((w, d) => w * weights[Math.abs(d)], 1);
            const p = plus(at(i), [dx, dy, dz]);
            if (p.every((v, axis) => v >= 0 && v < size[axis])) {
              sum += weight * squared[index(...p)];
            }
          }
        }
      }
      return sum;
    });
  });
  const channels = layout.channels.length;
  const entries = new Float64Array(voxels * channels);
  const variances = new Float64Array(voxels);
  const counts = (p: Triple) =>
    exists(p) &&
    size.every((n, axis) => {
      const step = [0, 1, 2].map((other) => other === axis ? 1 : 0) as unknown as Triple;
      return n === 1 || exists(plus(p, step)) && exists(plus(p, step.map((s) => -s) as never));
    });
  let sum = 0;
  let counted = 0;
  for (let i = 0; i < voxels; i++) {
    const d = layout.channels.map(({ offset, shift }) =>
      distances[offset][clamped(plus(at(i), shift))]
    );
    const mean = layout.variance.reduce((total, c) => total + d[c], 0) / layout.variance.length;
    variances[i] = counts(at(i)) ? mean : NaN;
    if (!Number.isNaN(variances[i])) [sum, counted] = [sum + mean, counted + 1];
    entries.set(d, i * channels);
  }
  const mean = sum / Math.max(counted, 1);
  const bounds = layout.varianceBounds === "sqrt-and-square"
    ? [Math.sqrt(mean), mean * mean]
    : [0.001 * mean, 1000 * mean];
  const low = Math.max(Math.min(...bounds), 1e-12);
  const high = Math.max(...bounds, 1e-12);
  for (let i = 0; i < voxels; i++) {
    const d = entries.subarray(i * channels, (i + 1) * channels);
    const least = Math.min(...d);
    const v = Math.min(Math.max(variances[i], low), high);
    d.forEach((distance, c) => d[c] = Math.exp((least - distance) / v));
  }
  return entries;
}

/** Entries in [0, 1] from words, `voxel * channels + channel`, rows unpadded; NaN where a voxel does not count. */
export function unpackDescriptors(
  words: Uint32Array,
  { size, pitch, neighbourhood, bits, words: each }: Omit<MindDescriptors, "buffer" | "destroy">,
): Float64Array {
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const inWord = channelsAWord(bits);
  const entries = new Float64Array(size[0] * size[1] * size[2] * channels);
  for (let row = 0, out = 0; row < size[1] * size[2]; row++) {
    for (let x = 0; x < size[0]; x++) {
      for (let c = 0; c < channels; c++, out++) {
        const word = words[(row * pitch + x) * each + Math.floor(c / inWord)];
        const value = (word >>> (bits * (c % inWord))) & channelOne(bits);
        entries[out] = word === NO_DESCRIPTOR ? NaN : value / channelOne(bits);
      }
    }
  }
  return entries;
}
