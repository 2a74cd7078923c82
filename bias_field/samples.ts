/**
 * The samples from which N4 estimates a field: every `shrink`th voxel along each axis.
 *
 * @module
 */

import type { Triple } from "../volume/affine.ts";
import type { Grid } from "../volume/grid.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";

/** Minimum number of samples along an axis; an axis with fewer voxels is sampled at all of them. */
const MIN_SAMPLES = 4;

/** The sampled voxels along an axis. */
export interface SampledAxis {
  /** Number of voxels of the image. */
  readonly length: number;
  /** Number of samples. */
  readonly samples: number;
  /** Number of voxels from one sample to the next. */
  readonly step: number;
  /** Index of the voxel of the first sample. */
  readonly offset: number;
}

/** Samples of an image. */
export interface ImageSamples {
  /** Positions of the samples. */
  readonly axes: readonly [SampledAxis, SampledAxis, SampledAxis];
  /** Number of samples along x, y, z. */
  readonly size: Triple;
  /** Intensities, x fastest; 0 at samples that do not count. */
  readonly data: Float32Array;
  /** Number of samples that count. */
  readonly counted: number;
}

/** The distance of samples along each axis, mm. */
export const SAMPLE_DISTANCE = 8;
/** The maximum distance of samples in voxels: users of ITK take every fourth voxel. */
export const MAX_SHRINK = 4;

/**
 * Factors for {@link sampleImage} that fit the voxels: the samples lie about 8 mm apart along each axis, and at most
 * every fourth voxel is one. For the paper's MR images (1.25 x 6 x 1.25 mm) they are 4, 1 and 4.
 */
export function shrinkFactors({ spacing }: Grid): Triple {
  return spacing.map((size) =>
    Math.min(MAX_SHRINK, Math.max(1, Math.round(SAMPLE_DISTANCE / size)))
  ) as unknown as Triple;
}

/** Every `shrink`th of `length` voxels, centred as by ITK's ShrinkImageFilter. */
export function sampleAxis(length: number, shrink: number): SampledAxis {
  const step = Math.min(shrink, Math.max(1, Math.floor(length / MIN_SAMPLES)));
  const samples = Math.floor(length / step);
  const offset = Math.floor((length - 1 - (samples - 1) * step + 1) / 2);
  return { length, samples, step, offset };
}

/**
 * Every `shrink`th voxel of an image along each axis. Samples count that are finite, above 0 and in the mask.
 *
 * @throws {RangeError} when fewer than two count.
 */
export function sampleImage(
  image: Volume,
  mask: LabelVolume | undefined,
  shrink: Triple,
): ImageSamples {
  const [nx, ny] = image.grid.size;
  const axes = image.grid.size.map((length, axis) =>
    sampleAxis(length, shrink[axis])
  ) as unknown as ImageSamples["axes"];
  const [x, y, z] = axes;
  const data = new Float32Array(x.samples * y.samples * z.samples);
  let at = 0;
  let counted = 0;
  for (let k = 0; k < z.samples; k++) {
    for (let j = 0; j < y.samples; j++) {
      const row = ((z.offset + k * z.step) * ny + y.offset + j * y.step) * nx + x.offset;
      for (let i = 0; i < x.samples; i++, at++) {
        const voxel = row + i * x.step;
        const value = image.data[voxel];
        if (!(value > 0 && value < Infinity) || mask?.data[voxel] === 0) continue;
        data[at] = value;
        counted++;
      }
    }
  }
  if (counted < 2) {
    throw new RangeError(
      `${counted} of the ${data.length} sampled voxels ${counted === 1 ? "is" : "are"} above 0` +
        `${mask === undefined ? "" : " in the mask"}, and two at least are needed: is this an MR ` +
        `image${mask === undefined ? "" : ", and the mask its own"}? A smaller shrink factor ` +
        "samples more",
    );
  }
  return { axes, size: [x.samples, y.samples, z.samples], data, counted };
}
