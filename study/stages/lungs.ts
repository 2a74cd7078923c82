/**
 * The paper's explanation of its thorax results (section 4.3), measured: how the cycle-GANs change the lungs.
 *
 * @module
 */

import { type StructureName, STRUCTURES } from "../../cohort/label_scheme.ts";
import { readCheckpointHeader } from "../../gan/model/checkpoint.ts";
import type { Modality } from "../../volume/modality.ts";
import { type IntensityScale, intensityScaleOf } from "../../gan/synthesis/intensity_scale.ts";
import { readVolume } from "../../volume/read_nifti.ts";
import { type LungBias, lungBias, lungThreshold } from "../scores/lung_bias.ts";
import { meanOf } from "../scores/mean.ts";
import type { Method } from "../methods.ts";
import type { RegionPair } from "../scores/pair_registration.ts";
import type { LabelledImage } from "../../workflows/body_region.ts";
import { keyOf, once } from "../run_folder.ts";
import type { KeptSynthesis, StudyRegistrations } from "./registrations.ts";

/** The lungs in a subject's image and its synthesis. */
export interface LungRow {
  /** The subject. */
  readonly subject: string;
  /** The column of Table 2. */
  readonly method: string;
  /** What was found. */
  readonly bias: LungBias;
}

const LUNGS = labelsOf("right lung", "left lung");
const LIVER = labelsOf("liver");

/**
 * Measures every synthesis of a thorax.
 *
 * @param models - Keys of the trained models by their folders.
 */
export async function measureLungs(
  registrations: StudyRegistrations,
  models: ReadonlyMap<string, string>,
  out: string,
): Promise<readonly LungRow[]> {
  const found: {
    subject: string;
    method: Method;
    kept: KeptSynthesis;
    read(): Promise<RegionPair>;
  }[] = [];
  await registrations.eachSynthesis(models, ({ subject, region, read }, method, kept) => {
    if (region === "thorax") found.push({ subject, method, kept, read });
    return Promise.resolve();
  });
  const key = await keyOf(found.map(({ kept }) => kept.key));
  const { value } = await once(`${out}/lungs.json`, key, async () => {
    const thresholds = new Map<string, Record<Modality, number>>();
    const shares: Record<Modality, number[]> = { ct: [], mr: [] };
    for (const { subject, read } of found) {
      if (thresholds.has(subject)) continue;
      const { fixed, moving } = await read();
      const own = { mr: thresholdOf(fixed), ct: thresholdOf(moving) };
      thresholds.set(subject, own);
      for (const [modality, { image }] of [["mr", fixed], ["ct", moving]] as const) {
        // Without labels of lungs and liver there is none; the other subjects' stand for it.
        if (Number.isNaN(own[modality])) continue;
        shares[modality].push(share(intensityScaleOf(modality, image.data), own[modality]));
      }
    }
    const rows: LungRow[] = [];
    for (const { subject, method, kept, read } of found) {
      const { of } = method.synthesis!;
      const from = of === "mr" ? "ct" : "mr";
      if (Number.isNaN(thresholds.get(subject)![from]) || shares[of].length === 0) continue;
      const { fixed, moving } = await read();
      const source = of === "mr" ? moving : fixed;
      const { grid } = source.image;
      const header = await readCheckpointHeader(`${out}/${kept.model}`);
      const bias = lungBias({
        size: grid.size,
        voxel: grid.spacing.reduce((volume, mm) => volume * mm, 1) / 1000,
        labels: Uint8Array.from(source.labels.data, (label) => LUNGS.includes(label) ? 1 : 0),
        source: { data: source.image.data, threshold: thresholds.get(subject)![from] },
        synthesis: {
          data: (await readVolume(kept.path)).data,
          threshold: within(header!.data.scale[of], meanOf(shares[of])),
        },
      });
      rows.push({ subject, method: method.name, bias });
    }
    return rows;
  });
  return value;
}

/** What an image shows air below, by its labels. */
function thresholdOf({ image, labels }: LabelledImage): number {
  const of = (ids: readonly number[]) => image.data.filter((_, i) => ids.includes(labels.data[i]));
  return lungThreshold(of(LUNGS), of(LIVER));
}

/** Where an intensity lies in a scale, 0 to 1. */
function share({ low, high }: IntensityScale, value: number): number {
  return (value - low) / (high - low);
}

function within({ low, high }: IntensityScale, share: number): number {
  return low + share * (high - low);
}

function labelsOf(...names: StructureName[]): number[] {
  return STRUCTURES.filter(({ name }) => names.includes(name)).map(({ label }) => label);
}
