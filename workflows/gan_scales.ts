/**
 * The size and effort of the cycle-GANs in each profile.
 *
 * @module
 */

import type { ProfileName } from "./profiles.ts";

/** The paper's numbers of slices, C, at 1.25 mm. */
export const PAPER_CHANNELS = [3, 12] as const;
/** The paper's receptive fields, P, in pixels of 1.25 mm. */
export const PAPER_FIELDS = [70, 34, 22] as const;

/** A cycle-GAN's size and effort in a profile. */
export interface GanScale {
  /** Rows and columns of a patch: 320 mm in the named profiles. */
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
  /** Number of epochs. */
  readonly epochs: number;
  /** Training steps per epoch. */
  readonly stepsPerEpoch: number;
  /** Learning rate, higher in profiles with few steps. */
  readonly learningRate: number;
  /** The discriminators' learning rate as a multiple of the generators'. */
  readonly discriminatorRate: number;
  /** Identity steps, for trainings that are too short to undo inverted contrasts. */
  readonly identitySteps: number;
  /** Pair steps of trainings that keep correspondence; they replace the identity steps. */
  readonly pairSteps: number;
  /** Training steps per epoch of trainings that keep correspondence. */
  readonly pairedStepsPerEpoch: number;
}

/** The size and effort in each profile. */
export const GAN_SCALES: Readonly<Record<ProfileName, GanScale>> = {
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
