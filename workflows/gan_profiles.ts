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
import { type ProfileName, profileOf } from "./profiles.ts";

/** The paper's numbers of slices, C, at 1.25 mm. */
export const PAPER_CHANNELS = [3, 12] as const;
/** The paper's receptive fields, P, in pixels of 1.25 mm. */
export const PAPER_FIELDS = [70, 34, 22] as const;

/** A cycle-GAN's size and effort in a profile. */
interface GanScale {
  /** Rows and columns of a patch: 320 mm. */
  readonly crop: number;
  /** Numbers of slices that replace the paper's 3 and 12. */
  readonly channels: Readonly<Record<typeof PAPER_CHANNELS[number], number>>;
  /** Receptive fields in pixels that replace the paper's 70, 34 and 22. */
  readonly fields: Readonly<Record<typeof PAPER_FIELDS[number], number>>;
  /** Pixels from one patch of a synthesis to the next: the paper's 4, or more to save time. */
  readonly stride: number;
  /** Slices from one patch to the next, for the paper's 3 and 12 slices. */
  readonly sliceStrides: Readonly<Record<typeof PAPER_CHANNELS[number], number>>;
  /** Filters of the generators' first convolutions. */
  readonly filters: number;
  /** Filters of the discriminators' first convolutions. */
  readonly discriminatorFilters: number;
  /** Residual blocks: the paper's nine, or six for small patches as in Zhu et al. 2017. */
  readonly blocks: number;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Learning rate, higher in profiles with few steps. */
  readonly learningRate: number;
  /** The discriminators' learning rate as a multiple of the generators'. */
  readonly discriminatorRate: number;
  /** Identity steps, for trainings that are too short to undo inverted contrasts. */
  readonly identitySteps: number;
  /** Pair steps of trainings that keep correspondence; they replace the identity steps. */
  readonly pairSteps: number;
  /** Steps per epoch of trainings that keep correspondence. */
  readonly pairedStepsPerEpoch: number;
}

const SCALES: Readonly<Record<ProfileName, GanScale>> = {
  smoke: {
    crop: 40,
    channels: { 3: 1, 12: 2 },
    fields: { 70: 10, 34: 4, 22: 4 },
    stride: 20,
    sliceStrides: { 3: 1, 12: 2 },
    filters: 4,
    discriminatorFilters: 4,
    blocks: 2,
    epochs: 2,
    stepsPerEpoch: 10,
    learningRate: 2e-3,
    discriminatorRate: 1,
    identitySteps: 4,
    pairSteps: 4,
    pairedStepsPerEpoch: 10,
  },
  quick: {
    crop: 80,
    channels: { 3: 1, 12: 4 },
    fields: { 70: 22, 34: 10, 22: 7 },
    stride: 20,
    sliceStrides: { 3: 1, 12: 1 },
    filters: 8,
    discriminatorFilters: 16,
    blocks: 6,
    epochs: 10,
    stepsPerEpoch: 20,
    learningRate: 3e-4,
    discriminatorRate: 4,
    identitySteps: 60,
    pairSteps: 100,
    pairedStepsPerEpoch: 40,
  },
  standard: {
    crop: 128,
    channels: { 3: 2, 12: 6 },
    fields: { 70: 34, 34: 16, 22: 10 },
    stride: 2,
    sliceStrides: { 3: 1, 12: 2 },
    filters: 32,
    discriminatorFilters: 32,
    blocks: 9,
    epochs: 100,
    stepsPerEpoch: 100,
    learningRate: 2e-4,
    discriminatorRate: 1,
    identitySteps: 0,
    pairSteps: 500,
    pairedStepsPerEpoch: 100,
  },
  paper: {
    crop: 256,
    channels: { 3: 3, 12: 12 },
    fields: { 70: 70, 34: 34, 22: 22 },
    stride: 4,
    sliceStrides: { 3: 2, 12: 4 },
    filters: 64,
    discriminatorFilters: 64,
    blocks: 9,
    epochs: 200,
    stepsPerEpoch: 1000,
    learningRate: 2e-4,
    discriminatorRate: 1,
    identitySteps: 0,
    pairSteps: 1000,
    pairedStepsPerEpoch: 1000,
  },
};

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

/** The settings of a profile for one of the paper's columns, in the profile's pixels. */
export function ganSettings(
  profile: ProfileName,
  options: GanSettingsOptions = {},
): CycleGanSettings {
  const { channels = 3, field = 70, seed = PAPER_SETTINGS.seed } = options;
  const { correspondence = noCorrespondence() } = options;
  const scale = SCALES[profile];
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
  profile: ProfileName,
  channels: typeof PAPER_CHANNELS[number],
): { stride: number; sliceStride: number } {
  const { stride, sliceStrides } = SCALES[profile];
  return { stride, sliceStride: sliceStrides[channels] };
}

/** The voxel size in mm that a profile's cycle-GAN works at. */
export function ganVoxel(profile: ProfileName): number {
  return profileOf(profile).voxel;
}
