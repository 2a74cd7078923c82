/**
 * The paper's explanation of its thorax results (section 4.3), measured: how the cycle-GANs change the lungs.
 *
 * @module
 */

import { type StructureName, STRUCTURES } from "../cohort/label_scheme.ts";
import { readCheckpointHeader } from "../gan/model/checkpoint.ts";
import { type IntensityScale, intensityScaleOf } from "../gan/synthesis/intensity_scale.ts";
import type { Modality } from "../volume/modality.ts";
import { readVolume } from "../volume/read_nifti.ts";
import type { LabelledImage } from "../workflows/body_region.ts";
import { type StudyCase, StudyCases } from "./cases.ts";
import { SYNTHESISED_COLUMNS, type SynthesisedColumn } from "./columns.ts";
import type { StudyContext } from "./context.ts";
import type { TrainedModel } from "./models.ts";
import { keyOf, once } from "./run_folder.ts";
import { type LungBias, lungBias, lungThreshold } from "./scores/lung_bias.ts";
import { meanOf } from "./scores/mean.ts";
import { type KeptSynthesis, StudySyntheses } from "./syntheses.ts";

/** The lungs in a subject's image and in its synthesis. The names are those in the run folder's file. */
export interface LungRow {
  /** The subject. */
  readonly subject: string;
  /** The column of Table 2. */
  readonly method: string;
  /** The measures. */
  readonly bias: LungBias;
}

const LUNGS = labelsOf("right lung", "left lung");
const LIVER = labelsOf("liver");

/** A synthesis of a thorax. */
interface Synthesis {
  readonly one: StudyCase;
  readonly column: SynthesisedColumn;
  readonly kept: KeptSynthesis;
}

/** Measures every synthesis of a thorax. */
export async function measureLungs(
  study: StudyContext,
  models: readonly TrainedModel[],
): Promise<readonly LungRow[]> {
  const cases = new StudyCases(study);
  const syntheses = await thoraxSyntheses(cases, models);
  const key = await keyOf(syntheses.map(({ kept }) => kept.key));
  const { value } = await once(`${study.out}/lungs.json`, key, async () => {
    const { thresholds, shares } = await findThresholds(cases, syntheses);
    const rows: LungRow[] = [];
    for (const { one, column, kept } of syntheses) {
      const { of } = column.synthesis;
      const from = of === "mr" ? "ct" : "mr";
      const threshold = thresholds.get(one)?.[from] ?? NaN;
      if (Number.isNaN(threshold) || shares[of].length === 0) continue;
      const { fixed, moving } = await cases.read(one);
      const source = of === "mr" ? moving : fixed;
      const { grid } = source.image;
      const header = await readCheckpointHeader(`${study.out}/${kept.model.folder}`);
      const bias = lungBias({
        size: grid.size,
        voxel: grid.spacing.reduce((volume, mm) => volume * mm, 1) / 1000,
        labels: Uint8Array.from(source.labels.data, (label) => LUNGS.includes(label) ? 1 : 0),
        source: { data: source.image.data, threshold },
        synthesis: {
          data: (await readVolume(kept.path)).data,
          threshold: within(header!.data.scale[of], meanOf(shares[of])),
        },
      });
      rows.push({ subject: one.subject.id, method: column.name, bias });
    }
    return rows;
  });
  return value;
}

async function thoraxSyntheses(
  cases: StudyCases,
  models: readonly TrainedModel[],
): Promise<Synthesis[]> {
  using syntheses = new StudySyntheses(cases, models);
  const found: Synthesis[] = [];
  for (const one of cases.all.filter(({ region }) => region === "thorax")) {
    for (const column of SYNTHESISED_COLUMNS) {
      cases.context.signal?.throwIfAborted();
      found.push({ one, column, kept: await syntheses.make(one, column) });
    }
  }
  return found;
}

/**
 * The thresholds of the original images by case, NaN where lungs or liver have no labels; and where the
 * others lie in their images' intensity scales, which stand for the missing ones.
 */
async function findThresholds(
  cases: StudyCases,
  syntheses: readonly Synthesis[],
): Promise<{
  thresholds: ReadonlyMap<StudyCase, Readonly<Record<Modality, number>>>;
  shares: Readonly<Record<Modality, readonly number[]>>;
}> {
  const thresholds = new Map<StudyCase, Record<Modality, number>>();
  const shares: Record<Modality, number[]> = { ct: [], mr: [] };
  for (const { one } of syntheses) {
    if (thresholds.has(one)) continue;
    const { fixed, moving } = await cases.read(one);
    const own = { mr: thresholdOf(fixed), ct: thresholdOf(moving) };
    thresholds.set(one, own);
    for (const [modality, { image }] of [["mr", fixed], ["ct", moving]] as const) {
      if (Number.isNaN(own[modality])) continue;
      shares[modality].push(share(intensityScaleOf(modality, image.data), own[modality]));
    }
  }
  return { thresholds, shares };
}

/** The intensity below which an image shows air, by its labels. */
function thresholdOf({ image, labels }: LabelledImage): number {
  const of = (ids: readonly number[]) => image.data.filter((_, i) => ids.includes(labels.data[i]));
  return lungThreshold(of(LUNGS), of(LIVER));
}

/** The position of an intensity in a scale, 0 to 1. */
function share({ low, high }: IntensityScale, value: number): number {
  return (value - low) / (high - low);
}

function within({ low, high }: IntensityScale, share: number): number {
  return low + share * (high - low);
}

function labelsOf(...names: StructureName[]): number[] {
  return STRUCTURES.filter(({ name }) => names.includes(name)).map(({ label }) => label);
}
