/**
 * The cycle-GAN in the study's profiles: its lengths in the body stay the same, voxels and effort differ.
 *
 * @module
 */

import { STRIDES } from "../gan/networks/discriminator.ts";
import { type CycleGanSettings, PAPER_SETTINGS } from "../gan/model/settings.ts";
import {
  type Correspondence,
  correspondenceSettings,
  needsPairs,
  noCorrespondence,
} from "./correspondence.ts";
import type { GanScale, PAPER_CHANNELS, PAPER_FIELDS } from "./gan_scales.ts";
import { type Profile, type ProfileName, profileOf } from "./profiles.ts";

/** Options of {@link ganSettings}. */
export interface GanSettingsOptions {
  /** The paper's number of slices. Default 3. */
  readonly channels?: typeof PAPER_CHANNELS[number] | undefined;
  /** The paper's receptive field. Default 70. */
  readonly field?: typeof PAPER_FIELDS[number] | undefined;
  /** Seed of all random numbers. Default the paper settings' seed. */
  readonly seed?: number | undefined;
  /** The parts of the training that keep correspondence. Default none, as in the paper. */
  readonly correspondence?: Correspondence | undefined;
}

/** The settings of a profile, or of the profile of a name, for one of the paper's columns, in the profile's pixels. */
export function ganSettings(
  profile: Profile | ProfileName,
  options: GanSettingsOptions = {},
): CycleGanSettings {
  const { channels = 3, field = 70, seed = PAPER_SETTINGS.seed } = options;
  const { correspondence = noCorrespondence() } = options;
  const scale = scaleOf(profile);
  const isPaired = needsPairs(correspondence);
  return {
    ...PAPER_SETTINGS,
    channels: scale.channels[channels],
    crop: scale.crop,
    generatorFilters: scale.filters,
    discriminatorFilters: scale.discriminatorFilters,
    blocks: scale.blocks,
    strides: STRIDES[scale.fields[field]],
    learningRate: scale.learningRate,
    discriminatorRate: scale.discriminatorRate,
    // Copies keep the order of the intensities of their source, which the pairs must change.
    identitySteps: correspondence.registeredStart ? 0 : scale.identitySteps,
    epochs: scale.epochs,
    stepsPerEpoch: isPaired ? scale.pairedStepsPerEpoch : scale.stepsPerEpoch,
    seed,
    ...correspondenceSettings(correspondence, scale.pairSteps),
  };
}

/** Strides of a profile's syntheses for one of the paper's numbers of slices. */
export function ganStrides(
  profile: Profile | ProfileName,
  channels: typeof PAPER_CHANNELS[number],
): { stride: number; sliceStride: number } {
  const { stride, sliceStrides } = scaleOf(profile);
  return { stride, sliceStride: sliceStrides[channels] };
}

function scaleOf(profile: Profile | ProfileName): GanScale {
  return (typeof profile === "string" ? profileOf(profile) : profile).gan;
}
