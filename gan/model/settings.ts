/**
 * What a cycle-GAN and its training are: numbers that are kept beside the weights.
 *
 * @module
 */

import { receptiveField, STRIDES } from "../networks/discriminator.ts";

/** Settings of a cycle-GAN and its training. */
export interface CycleGanSettings {
  /** Adjacent slices of an image, C. The paper's 3 or 12. */
  readonly channels: number;
  /** Rows and columns of a training patch after its random crop, a multiple of 4. The paper's 256. */
  readonly crop: number;
  /** Filters of the generators' first convolution, a multiple of 4. The paper's 64. */
  readonly generatorFilters: number;
  /** Residual blocks of the generators. The paper's 9. */
  readonly blocks: number;
  /** Filters of the discriminators' first convolution, a multiple of 4. The paper's 64. */
  readonly discriminatorFilters: number;
  /** Strides of the discriminators' convolutions; they set the receptive field P. */
  readonly strides: readonly number[];
  /** Whether the discriminators normalise their features. */
  readonly discriminatorNorm: boolean;
  /** Weight of the cycle loss, lambda_cyc. The paper's 10. */
  readonly cycleWeight: number;
  /** Learning rate of the first half. The paper's 0.0002. */
  readonly learningRate: number;
  /**
   * The discriminators' learning rate over the generators'. The paper's 1; more keeps few steps of training
   * from fooling discriminators that have not learned yet (Heusel et al. 2017).
   */
  readonly discriminatorRate: number;
  /**
   * Steps before the first in which the generators only learn to copy their input. The paper's 0; some keep
   * a training of few steps from ending with inverted contrasts, which the cycle loss allows.
   */
  readonly identitySteps: number;
  /** Epochs. The paper's 200. */
  readonly epochs: number;
  /** Steps of an epoch. */
  readonly stepsPerEpoch: number;
  /** Pairs of synthesised images that the discriminators also see. The base implementation's 50. */
  readonly pool: number;
  /** Seed of everything that is drawn. */
  readonly seed: number;
}

/** The paper's settings (section 4.1) with C = 3 and P = 70. */
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
  epochs: 200,
  stepsPerEpoch: 1000,
  pool: 50,
  seed: 19,
};

/**
 * Checks settings.
 *
 * @throws {RangeError} that names the setting.
 */
export function checkSettings(settings: CycleGanSettings): void {
  const whole = (name: keyof CycleGanSettings, least: number, step = 1) => {
    const value = settings[name] as number;
    if (!Number.isInteger(value) || value < least || value % step !== 0) {
      const multiple = step > 1 ? ` and a multiple of ${step}` : "";
      throw new RangeError(
        `\`${name}\` must be a whole number of at least ${least}${multiple}, got ${value}`,
      );
    }
  };
  whole("channels", 1);
  whole("crop", 16, 4);
  whole("generatorFilters", 4, 4);
  whole("blocks", 0);
  whole("discriminatorFilters", 4, 4);
  whole("identitySteps", 0);
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
  for (const [name, value] of Object.entries({ cycleWeight, learningRate, discriminatorRate })) {
    if (!(value >= 0 && value < Infinity)) {
      throw new RangeError(`\`${name}\` must be a number of at least 0, got ${value}`);
    }
  }
}
