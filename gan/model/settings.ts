/**
 * Settings of a cycle-GAN and its training, which are stored with the weights.
 *
 * @module
 */

import { receptiveField, STRIDES } from "../networks/discriminator.ts";
import { STRUCTURE_MEASURES, type StructureMeasure } from "../ops/structure_loss/structure_loss.ts";
import type { Modality } from "../../volume/modality.ts";

/** Settings of a cycle-GAN and its training. */
export interface CycleGanSettings {
  /** Number of adjacent slices of an image, C; 3 or 12 in the paper. */
  readonly channels: number;
  /** Rows and columns of a training patch after its random crop, a multiple of 4; 256 in the paper. */
  readonly crop: number;
  /** Filters of the generators' first convolution, a multiple of 4; 64 in the paper. */
  readonly generatorFilters: number;
  /** Number of residual blocks of the generators; 9 in the paper. */
  readonly blocks: number;
  /** Filters of the discriminators' first convolution, a multiple of 4; 64 in the paper. */
  readonly discriminatorFilters: number;
  /** Strides of the discriminators' convolutions, which determine the receptive field P. */
  readonly strides: readonly number[];
  /** True if the discriminators normalise their features. */
  readonly discriminatorNorm: boolean;
  /** Weight of the cycle loss, lambda_cyc; 10 in the paper. */
  readonly cycleWeight: number;
  /** Learning rate of the first half of the epochs; 0.0002 in the paper. */
  readonly learningRate: number;
  /**
   * Ratio of the discriminators' learning rate to that of the generators; 1 in the paper. In short trainings a larger
   * ratio prevents that the generators deceive discriminators that have not learned yet (Heusel et al. 2017).
   */
  readonly discriminatorRate: number;
  /**
   * Number of identity steps, in which the generators learn to copy their input before the training; 0 in the paper.
   * They prevent that a short training ends with inverted contrasts, which the cycle loss allows.
   */
  readonly identitySteps: number;
  /**
   * Number of pair steps, in which the generators learn from registered pairs of different subjects before the
   * training; 0 in the paper. They teach the order of the intensities, which neither the cycle loss nor the identity
   * steps do.
   */
  readonly pairSteps: number;
  /**
   * Weight of the regression on registered pairs at the first step, which falls linearly to 0 in the middle of the
   * training; 0 in the paper. It prevents that the training returns to inverted contrasts.
   */
  readonly pairWeight: number;
  /** Measure of the structure loss between an image and its synthesis. */
  readonly structureMeasure: StructureMeasure;
  /** Weight of the structure loss; 0 in the paper. */
  readonly structureWeight: number;
  /** Noise floors of the structure loss by modality: variances in squared units of [-1, 1]. */
  readonly structureFloors: Readonly<Record<Modality, number>>;
  /** Number of epochs; 200 in the paper. */
  readonly epochs: number;
  /** Steps per epoch. */
  readonly stepsPerEpoch: number;
  /** Capacity of the pool: pairs of earlier synthesised images for the discriminators; 50 in the base implementation. */
  readonly pool: number;
  /** Seed of all random numbers. */
  readonly seed: number;
}

/** Settings of the paper (section 4.1) for C = 3 and P = 70. */
export const PAPER_SETTINGS: CycleGanSettings = {
  channels: 3,
  crop: 256,
  generatorFilters: 64,
  blocks: 9,
  discriminatorFilters: 64,
  strides: STRIDES[70],
  discriminatorNorm: true,
  cycleWeight: 10,
  learningRate: 2e-4,
  discriminatorRate: 1,
  identitySteps: 0,
  pairSteps: 0,
  pairWeight: 0,
  structureMeasure: "local-correlation",
  structureWeight: 0,
  structureFloors: { ct: 0.001, mr: 0.0036 },
  epochs: 200,
  stepsPerEpoch: 1000,
  pool: 50,
  seed: 19,
};

/**
 * Checks settings.
 *
 * @throws {RangeError} if a setting is invalid; the message names the setting.
 */
export function checkSettings(settings: CycleGanSettings): void {
  const whole = (name: keyof CycleGanSettings, min: number, step = 1) => {
    const value = settings[name] as number;
    if (!Number.isInteger(value) || value < min || value % step !== 0) {
      const multiple = step > 1 ? ` and a multiple of ${step}` : "";
      throw new RangeError(
        `\`${name}\` must be a whole number of at least ${min}${multiple}, got ${value}`,
      );
    }
  };
  whole("channels", 1);
  whole("crop", 16, 4);
  whole("generatorFilters", 4, 4);
  whole("blocks", 0);
  whole("discriminatorFilters", 4, 4);
  whole("identitySteps", 0);
  whole("pairSteps", 0);
  whole("epochs", 1);
  whole("stepsPerEpoch", 1);
  whole("pool", 0);
  whole("seed", 0);
  const { strides, crop, cycleWeight, learningRate, discriminatorRate } = settings;
  if (strides.length === 0 || strides.some((stride) => stride !== 1 && stride !== 2)) {
    throw new RangeError(`\`strides\` must be a list of 1 and 2, got [${strides.join(", ")}]`);
  }
  const field = receptiveField(strides);
  if (field > 2 * crop) {
    throw new RangeError(
      `\`strides\` [${
        strides.join(", ")
      }] see ${field} pixels, more than twice a patch of ${crop}: ` +
        "use fewer layers or a larger patch",
    );
  }
  const { pairWeight, structureMeasure, structureWeight, structureFloors } = settings;
  if (!STRUCTURE_MEASURES.includes(structureMeasure)) {
    throw new RangeError(
      `\`structureMeasure\` must be one of ${
        STRUCTURE_MEASURES.join(", ")
      }, got ${structureMeasure}`,
    );
  }
  for (const [modality, floor] of Object.entries(structureFloors)) {
    if (!(floor > 0 && floor < Infinity)) {
      throw new RangeError(
        `\`structureFloors.${modality}\` must be a positive number, got ${floor}`,
      );
    }
  }
  const weights = { cycleWeight, learningRate, discriminatorRate, pairWeight, structureWeight };
  for (const [name, value] of Object.entries(weights)) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`\`${name}\` must be a number of at least 0, got ${value}`);
    }
  }
}
