/**
 * The volumes of bodies and lungs in two populations of images. A cycle-GAN also learns the differences of its
 * populations; the paper asks for balanced collections (section 5).
 *
 * @module
 */

import { intensityScaleOf } from "../gan/synthesis/intensity_scale.ts";
import type { Triple } from "../volume/affine.ts";
import { Grid } from "../volume/grid.ts";
import { MODALITIES, type Modality } from "../volume/modality.ts";
import { reorient } from "../volume/orientation.ts";
import type { Volume } from "../volume/volume.ts";
import { airShare, fromShares } from "./air_threshold.ts";
import { clearOuterAir } from "../volume/flood_fill.ts";
import type { TrainingImage } from "./training_images.ts";
import { segmentLungs, voxelsIn } from "./lung_segmentation.ts";

/** Volumes in one image, cm3. */
export interface BodyVolumes {
  /** Everything within the skin, as far as the image shows it. */
  readonly body: number;
  /** The air in the body, in parts that are not much smaller than the largest; 0 if there is none. */
  readonly lungs: number;
}

/** The volumes by modality, an entry per image. */
export type PopulationVolumes = Readonly<Record<Modality, readonly BodyVolumes[]>>;

/** Voxels are measured at most this far apart, mm, unless the image has larger ones. */
const SAMPLE = 4;

/** Lungs are compared if both populations have this mean volume, cm3. Smaller ones are bowel gas. */
const MIN_LUNGS = 300;

/** A larger ratio of the mean volumes is a difference of the populations. */
const MAX_RATIO = 1.15;

/**
 * Measures the body and the lungs by the threshold of air: -400 HU in CT, 0.15 of the range in MR. Every so many voxels
 * are measured that the samples are about 4 mm apart.
 *
 * @throws {RangeError} if an MR has no intensity above 0, or the same intensity everywhere.
 */
export function bodyVolumes(image: Volume, modality: Modality): BodyVolumes {
  const scale = intensityScaleOf(modality, image.data);
  const [threshold] = fromShares(Float32Array.of(airShare(modality, scale)), scale);
  return volumesBelow(image, threshold);
}

/** The warnings of {@link populationWarnings} for images that are scaled for the networks. */
export function trainingPopulationWarnings(
  images: Readonly<Record<Modality, readonly TrainingImage[]>>,
): string[] {
  const volumesOf = (modality: Modality) =>
    images[modality].map((image) => volumesBelow(image, 2 * airShare(modality, image.scale) - 1));
  return populationWarnings({ ct: volumesOf("ct"), mr: volumesOf("mr") });
}

/** The volumes by a threshold between air and tissue. */
function volumesBelow(image: Volume, threshold: number): BodyVolumes {
  const { grid: { size, spacing }, data } = reorient(sampled(image), "RAS");
  const { length } = data;
  const inner = Uint8Array.from({ length }, (_, i) => data[i] < threshold ? 1 : 0);
  clearOuterAir(inner, size);
  let body = 0;
  for (let i = 0; i < length; i++) if (!(data[i] < threshold) || inner[i] === 1) body++;
  const cubicCentimetres = spacing[0] * spacing[1] * spacing[2] / 1000;
  return {
    body: body * cubicCentimetres,
    lungs: voxelsIn(segmentLungs(size, data, threshold)) * cubicCentimetres,
  };
}

/**
 * Warns of differences of more than 15 % between the mean volumes of the two populations, one sentence per difference.
 * There is no warning if a population is empty.
 */
export function populationWarnings(volumes: PopulationVolumes): string[] {
  const compared = [
    { name: "body", minimum: 0 },
    { name: "lungs", minimum: MIN_LUNGS },
  ] as const;
  return compared.flatMap(({ name, minimum }) => {
    const [ct, mr] = MODALITIES.map((modality) => mean(volumes[modality].map((one) => one[name])));
    if (!(ct > minimum && mr > minimum)) return [];
    const ratio = Math.max(ct / mr, mr / ct);
    if (!(ratio > MAX_RATIO)) return [];
    return [
      `The ${name} of the CT images measure ${
        ct.toFixed(0)
      } cm3 in the mean, those of the MR images ${
        mr.toFixed(0)
      } cm3 (by a threshold): the populations differ by ${
        (100 * (ratio - 1)).toFixed(0)
      } %. A cycle-GAN also learns such a difference; use collections that are balanced`,
    ];
  });
}

/** Every n-th voxel along each axis, from the middle of the first n on. */
function sampled({ grid, data }: Volume): Volume {
  const steps = grid.spacing.map((h) => Math.max(1, Math.round(SAMPLE / h)));
  const size = grid.size.map((n, axis) => Math.ceil(n / steps[axis])) as unknown as Triple;
  const [nx, ny] = grid.size;
  const at = (i: number, axis: number) =>
    Math.min(i * steps[axis] + (steps[axis] >> 1), grid.size[axis] - 1);
  const out = new Float32Array(size[0] * size[1] * size[2]);
  let i = 0;
  for (let z = 0; z < size[2]; z++) {
    for (let y = 0; y < size[1]; y++) {
      const row = (at(z, 2) * ny + at(y, 1)) * nx;
      for (let x = 0; x < size[0]; x++) out[i++] = data[row + at(x, 0)];
    }
  }
  const affine = grid.affine.map((value, k) => k % 4 === 3 ? value : value * steps[k % 4]);
  return { grid: new Grid(size, affine), data: out };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
