/**
 * The modality independent neighbourhood descriptor (MIND; Heinrich et al. 2012; eq. 5): the similarity of
 * the patch around a voxel to the patches around its neighbours, with one channel per neighbour,
 *
 * m_r(x) = exp(-d_P(x, x + r) / v(x)) / n,  d_P = G_sigma * (I(x) - I(x + r))^2,
 *
 * where v is the mean of d_P over the six-neighbourhood and n makes the largest entry 1; and the
 * self-similarity context (MIND-SSC; Heinrich et al. 2013), which compares the patches of the
 * six-neighbours with each other.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";

import type { BufferRange, Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf } from "../gpu/image.ts";
import { maskImage } from "../image/mask_image.ts";
import { MIND_VARIANCE_BOUNDS, mindPack, mindVariance } from "./descriptor.wgsl.ts";
import {
  mindDifferences,
  mindDistances,
  PLANES_PER_INVOCATION,
  ROWS_PER_INVOCATION,
} from "./differences.wgsl.ts";
import {
  type ChannelBits,
  channelsPerWord,
  descriptorWords,
  maxChannelValue,
  MIND_LAYOUTS,
  type MindNeighbourhood,
  NO_DESCRIPTOR,
} from "./layout.ts";
import { hasValue } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import { COUNTED_PARTS, prepareCountedSum } from "../sums/sum_counted.ts";
import { alignedPlanes, cutSlabs } from "../gpu/slabs.ts";
import { rowWorkgroup } from "../gpu/workgroups.ts";

/** Options of {@link mindDescriptors}. */
export interface MindOptions {
  /** The image; `NO_VALUE` where it has no value. */
  readonly source: GpuImage;
  /** 1 where the image counts, 0 elsewhere, on the grid of the image. Default: it counts everywhere. */
  readonly mask?: GpuImage | undefined;
  /** The patches that are compared. */
  readonly neighbourhood: MindNeighbourhood;
  /** Standard deviation of the patch weights, at most 2 voxels; the half-size of the patch is ceil(1.5 sigma). */
  readonly sigma: number;
  /** Factor of the intensities; their range should then be about 255. */
  readonly scale: number;
  /** Bits per channel. */
  readonly bits: ChannelBits;
}

/** Descriptors of all voxels: words of six 5-bit or three 10-bit channels; the words of a voxel are adjacent. */
export interface MindDescriptors {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Voxels from one row to the next. */
  readonly pitch: number;
  /** The patches that are compared. */
  readonly neighbourhood: MindNeighbourhood;
  /** Bits per channel. */
  readonly bits: ChannelBits;
  /** 32-bit words per voxel. */
  readonly words: number;
  /**
   * The words of voxel (x, y, z), from `((z * ny + y) * pitch + x) * words` on; all bits are set where it
   * does not count.
   */
  readonly buffer: GpuBuffer;
  /** Frees them. */
  destroy(): void;
}

/** The planes [begin, end) of descriptors, to be bound. */
export function wordsOf(
  { buffer, size, pitch, words }: MindDescriptors,
  begin: number,
  end: number,
): BufferRange {
  const planeBytes = 4 * words * pitch * size[1];
  return { buffer, offset: begin * planeBytes, bytes: (end - begin) * planeBytes };
}

/** The largest half-size of a patch, voxels: there are four weights. */
const MAX_PATCH_RADIUS = 3;

/**
 * The half-size of a patch, ceil(1.5 sigma), and its weights from the centre outwards.
 *
 * @throws {RangeError} when `sigma` is not above 0 or too large.
 */
export function patchWeights(sigma: number): { radius: number; weights: number[] } {
  const radius = Math.ceil(1.5 * sigma);
  if (!(sigma > 0 && radius <= MAX_PATCH_RADIUS)) {
    throw new RangeError(`\`sigma\` must be above 0 and at most ${MAX_PATCH_RADIUS / 1.5} voxels`);
  }
  const raw = Array.from(
    { length: radius + 1 },
    (_, j) => Math.exp(-(j * j) / (2 * sigma * sigma)),
  );
  const sum = raw.reduce((total, w, j) => total + (j === 0 ? w : 2 * w), 0);
  return { radius, weights: [0, 1, 2, 3].map((j) => (raw[j] ?? 0) / sum) };
}

/**
 * Maximum number of bytes per voxel of distances and variances that are kept for all slabs: the residual of the
 * optimisation takes as much afterwards. With more, they are computed a second time.
 */
const MAX_KEPT_BYTES = 32;

/** Bytes per voxel of the distances of all offsets and of the variance. */
function bytesOfScratch(offsets: number): number {
  return 4 * (offsets + 1);
}

/** Slabs of the output for which the distances of all offsets fit into one binding. */
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
    // Planes of the distances (a channel reads one plane beyond the slab), of the differences (a patch
    // further) and of the image (a neighbour further). The last begin where a binding can begin.
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
  const owned = new Owned();
  try {
    const recorder = gpu.record("MIND descriptors");
    try {
      // A masked voxel must not enter a patch.
      const source = mask === undefined
        ? options.source
        : recorder.temporary(maskImage(gpu, options.source, mask));
      const [, ny] = source.size;
      const quads = source.pitch / 4;
      const offsets = layout.offsets.length;
      const cut = descriptorSlabs(gpu, source, offsets, words, radius + 1);
      const planeBytes = 4 * source.pitch * ny;
      const deepest = Math.max(...cut.map(({ differences }) => differences[1] - differences[0]));
      const buffer = owned.add(gpu.buffer("MIND descriptors", planeBytes * source.size[2] * words));
      const scratch = (label: string, bytes: number) =>
        recorder.temporary(gpu.buffer(`MIND ${label}`, bytes));
      // Slabs overlap, so that all of them have more planes than the image.
      const scratchPlanes = cut.reduce((sum, { differences: [from, to] }) => sum + to - from, 0);
      const isKept = bytesOfScratch(offsets) * scratchPlanes <= MAX_KEPT_BYTES * source.size[2];
      const slabScratch = (planes: number) => ({
        distances: scratch("distances", offsets * planes * planeBytes),
        variance: scratch("variance", planes * planeBytes),
      });
      const shared = isKept ? undefined : slabScratch(deepest);
      const scratches = cut.map(({ distances: [from, to] }) => shared ?? slabScratch(to - from));
      const smoothed = scratch("differences", offsets * deepest * planeBytes);
      const parts = scratch("parts", 8 * COUNTED_PARTS * cut.length);
      const bounds = scratch("bounds", 8);
      const constants = rowWorkgroup(quads);
      const groups = (rows: number, planes: number, width = 1) =>
        [Math.ceil(width * quads / constants.wx), Math.ceil(rows / constants.wy), planes] as const;
      type Range = readonly [number, number];
      const slabOf = (input: Range, output: Range) => ({
        size: source.size,
        quads,
        sourceBegin: input[0],
        begin: output[0],
        planes: output[1] - output[0],
        sourcePlanes: input[1] - input[0],
      });
      const part = ([begin, end]: Range) => planesOf(source, begin, end);

      const variances = (slab: typeof cut[number], scratch: typeof scratches[number]) => {
        const { differences, distances, image } = slab;
        const depth = ([begin, end]: Range) => end - begin;
        const inSlab: Range = [slab.begin, slab.end];
        recorder.dispatch(mindDifferences(neighbourhood, radius), {
          parameters: { slab: slabOf(image, differences), weights, scale },
          buffers: [part(image), smoothed],
          constants,
          workgroups: groups(Math.ceil(ny / ROWS_PER_INVOCATION), depth(differences)),
        });
        recorder.dispatch(mindDistances(radius), {
          parameters: { slab: slabOf(differences, distances), weights, quads: offsets * quads },
          buffers: [smoothed, scratch.distances],
          constants,
          workgroups: groups(ny, Math.ceil(depth(distances) / PLANES_PER_INVOCATION), offsets),
        });
        recorder.dispatch(mindVariance(neighbourhood), {
          parameters: { slab: slabOf(distances, inSlab), imageBegin: image[0] },
          buffers: [scratch.distances, part(image), scratch.variance],
          constants,
          workgroups: groups(ny, depth(inSlab)),
        });
      };

      cut.forEach((slab, index) => {
        variances(slab, scratches[index]);
        const sum = prepareCountedSum(gpu, {
          values: scratches[index].variance,
          quads: (slab.end - slab.begin) * ny * quads,
          parts,
          firstPart: index * COUNTED_PARTS,
        });
        recorder.run(recorder.temporary(sum));
      });
      recorder.dispatch(MIND_VARIANCE_BOUNDS, {
        parameters: {
          parts: COUNTED_PARTS * cut.length,
          thousandthAndFold: layout.varianceBounds === "thousandth-to-thousandfold",
        },
        buffers: [parts, bounds],
        workgroups: [1],
      });
      cut.forEach((slab, index) => {
        const { distances, variance } = scratches[index];
        if (shared !== undefined && cut.length > 1) variances(slab, shared); // it holds another slab by now
        recorder.dispatch(mindPack(neighbourhood, bits), {
          parameters: { slab: slabOf(slab.distances, [slab.begin, slab.end]) },
          buffers: [distances, variance, bounds, {
            buffer,
            offset: slab.begin * planeBytes * words,
            bytes: (slab.end - slab.begin) * planeBytes * words,
          }],
          constants,
          workgroups: groups(ny, slab.end - slab.begin),
        });
      });
      recorder.submit();
      owned.release(buffer);
      return {
        size: source.size,
        pitch: source.pitch,
        neighbourhood,
        bits,
        words,
        buffer,
        destroy: () => buffer.destroy(),
      };
    } finally {
      recorder[Symbol.dispose]();
    }
  } finally {
    owned.destroy();
  }
}

/** Options of {@link mindDescriptorsReference}. */
export interface MindReferenceOptions {
  /** Voxels along x, y, z. */
  readonly size: Triple;
  /** Intensities, x fastest; `NO_VALUE` where there is none. */
  readonly data: Float32Array;
  /** Non-zero where the image counts. */
  readonly mask?: ArrayLike<number> | undefined;
  /** See {@link MindOptions}. */
  readonly neighbourhood: MindNeighbourhood;
  /** See {@link MindOptions}. */
  readonly sigma: number;
  /** See {@link MindOptions}. */
  readonly scale: number;
}

/** The plain twin: entries in [0, 1] at `voxel * channels + channel`; NaN where the voxel does not count. */
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
    p.every((v, axis) => v >= 0 && v < size[axis]) && hasValue(data[index(...p)]) &&
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
    const minDistance = Math.min(...d);
    const v = Math.min(Math.max(variances[i], low), high);
    d.forEach((distance, c) => d[c] = Math.exp((minDistance - distance) / v));
  }
  return entries;
}

/**
 * Unpacks words to entries in [0, 1] at `voxel * channels + channel`, without padding; NaN where a voxel
 * does not count.
 */
export function unpackDescriptors(
  words: Uint32Array,
  { size, pitch, neighbourhood, bits, words: wordsPerVoxel }: Omit<
    MindDescriptors,
    "buffer" | "destroy"
  >,
): Float64Array {
  const channels = MIND_LAYOUTS[neighbourhood].channels.length;
  const inWord = channelsPerWord(bits);
  const entries = new Float64Array(size[0] * size[1] * size[2] * channels);
  for (let row = 0, out = 0; row < size[1] * size[2]; row++) {
    for (let x = 0; x < size[0]; x++) {
      for (let c = 0; c < channels; c++, out++) {
        const word = words[(row * pitch + x) * wordsPerVoxel + Math.floor(c / inWord)];
        const value = (word >>> (bits * (c % inWord))) & maxChannelValue(bits);
        entries[out] = word === NO_DESCRIPTOR ? NaN : value / maxChannelValue(bits);
      }
    }
  }
  return entries;
}
