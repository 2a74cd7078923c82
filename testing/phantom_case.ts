/**
 * A CT with labels from a phantom, in place of the real CT of the semi-real test where its files are absent.
 *
 * @module
 */

import { STRUCTURES } from "../cohort/label_scheme.ts";
import { planCohort } from "../cohort/phantom/cohort_plan.ts";
import { imageGrid, renderImage } from "../cohort/phantom/imaging.ts";
import { Grid, type LabelVolume, type Triple, type Volume } from "../volume/mod.ts";

/** A CT with labels, and the label ids of the structures that the CT shows. */
export interface PhantomCase {
  /** The CT, HU. */
  readonly ct: Volume;
  /** The labels, on the grid of the CT. */
  readonly labels: LabelVolume;
  /** The structures that have at least 100 voxels, with their label ids. */
  readonly structures: Readonly<Record<string, number>>;
}

/**
 * The middle of a phantom's trunk, from the liver to the kidneys.
 *
 * @param voxel - Voxel size, mm.
 * @param seed - Seed of the phantom. Default 1.
 */
export function phantomCase(voxel: number, seed = 1): PhantomCase {
  const { body, images } = planCohort({ profile: "quick", seed }).subjects
    .find(({ kind }) => kind === "paired")!;
  const whole = imageGrid(body, images.ct!);
  const from = whole.world([0, 0, 0]);
  const to = whole.world(whole.size.map((n) => n - 1) as unknown as Triple);
  const low = from.map((value, axis) => Math.min(value, to[axis]));
  const high = from.map((value, axis) => Math.max(value, to[axis]));
  // 40 to 75 % of the height from the feet.
  const height = high[2] - low[2];
  [low[2], high[2]] = [low[2] + 0.4 * height, low[2] + 0.75 * height];
  const size = low.map((value, axis) => Math.floor((high[axis] - value) / voxel) + 1);
  const grid = Grid.axisAligned(
    size as unknown as Triple,
    [voxel, voxel, voxel],
    low as unknown as Triple,
  );
  const { image, labels } = renderImage(body, images.ct!, grid);
  const counts = new Map<number, number>();
  for (const label of labels.data) counts.set(label, (counts.get(label) ?? 0) + 1);
  return {
    ct: image,
    labels,
    structures: Object.fromEntries(
      STRUCTURES.filter(({ label }) => (counts.get(label) ?? 0) >= 100)
        .map(({ name, label }) => [name, label]),
    ),
  };
}
