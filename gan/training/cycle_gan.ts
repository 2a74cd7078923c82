/**
 * The cycle-GAN: two generators, two discriminators, and one step of their training.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { Adam } from "./adam.ts";
import { Discriminator } from "../networks/discriminator.ts";
import { type TransferCurves, transfersByNetwork } from "../networks/transfer_curves.ts";
import { Generator } from "../networks/generator.ts";
import { ImagePool } from "./image_pool.ts";
import { lossGradients } from "./loss_gradients.ts";
import { cycleLosses, deceptionLosses, judgementLosses, regressionLoss } from "./losses.ts";
import { structureLoss } from "../ops/structure_loss/structure_loss.ts";
import { NetworkWeights } from "../networks/network_weights.ts";
import type { NetworksOfImages } from "../ops/networks_of_images.ts";
import { RandomState } from "../../host/random.ts";
import { checkSettings, type CycleGanSettings } from "../model/settings.ts";
import { type Scalar, type Tensor1D, type Tensor4D, type Tensorflow, tf } from "../tensorflow.ts";

/** The modalities in the order in which the weights of their networks are stored. */
const MODALITIES = ["ct", "mr"] as const;

/**
 * Names of a step's losses, in the order in which {@link CycleGan.step} returns them. The structure loss and the
 * regression are sums over both directions, without their weights; 0 where they are off.
 */
export const LOSSES = [
  "generatorCt",
  "generatorMr",
  "cycleCt",
  "cycleMr",
  "discriminatorCt",
  "discriminatorMr",
  "structure",
  "regression",
] as const;

/** Images of both modalities on the same grid, [1, crop, crop, channels], and their weights in the regression. */
export type PairTensors = Readonly<Record<Modality | "weight", Tensor4D>>;

/** The regression on a registered pair as a term of the generators' loss. */
export interface PairTerm {
  /** The pair. */
  readonly pair: PairTensors;
  /** Weight of the term. */
  readonly weight: number;
}

/** Two generators and two discriminators, their optimisers and the pool. */
export class CycleGan {
  /** Settings of the networks and their training. */
  readonly settings: CycleGanSettings;
  /** Generators by the modality of their output: G_CT and G_MR. */
  readonly generators: Readonly<Record<Modality, Generator>>;
  /** Discriminators by the modality that they judge: D_CT and D_MR. */
  readonly discriminators: Readonly<Record<Modality, Discriminator>>;
  /**
   * Optimiser of both generators.
   *
   * @internal
   */
  readonly generatorAdam: Adam;
  /**
   * Optimiser of both discriminators.
   *
   * @internal
   */
  readonly discriminatorAdam: Adam;
  /**
   * Synthesised images of earlier steps.
   *
   * @internal
   */
  readonly pool: ImagePool;
  /**
   * Random numbers that draw from the pool.
   *
   * @internal
   */
  readonly poolRandom: RandomState;

  /**
   * Makes networks with initial weights.
   *
   * @param tensorflow - Must stay open as long as the networks are used.
   * @param transfer - Curves of the intensity transfer that a generator corrects, by the modality of its output; see
   * the option `transfer` of a generator. Default none.
   * @throws {RangeError} if a setting is invalid.
   */
  constructor(tensorflow: Tensorflow, settings: CycleGanSettings, transfer?: TransferCurves) {
    checkSettings(settings);
    this.settings = settings;
    const { channels, blocks, seed, strides } = settings;
    const shared = (kind: string) => {
      const names = MODALITIES.map((of) => `${kind}_${of}`);
      return new NetworkWeights(names, names.map((name) => RandomState.of(seed, name)));
    };
    const generators = shared("generator");
    const discriminators = shared("discriminator");
    const generator = (of: Modality) =>
      new Generator(
        `generator_${of}`,
        {
          channels,
          filters: settings.generatorFilters,
          blocks,
          ...transfersByNetwork(transfer),
        },
        generators,
      );
    const discriminator = (of: Modality) =>
      new Discriminator(
        `discriminator_${of}`,
        {
          channels,
          filters: settings.discriminatorFilters,
          strides,
          norm: settings.discriminatorNorm,
        },
        discriminators,
      );
    this.generators = { ct: generator("ct"), mr: generator("mr") };
    this.discriminators = { ct: discriminator("ct"), mr: discriminator("mr") };
    this.generatorAdam = new Adam(tensorflow, generators);
    this.discriminatorAdam = new Adam(tensorflow, discriminators);
    this.poolRandom = RandomState.of(seed, "pool");
    this.pool = new ImagePool(settings.pool, this.poolRandom);
  }

  /**
   * Weights of both generators.
   *
   * @internal
   */
  get generatorWeights(): NetworkWeights {
    return this.generators.ct.shared;
  }

  /**
   * Weights of both discriminators.
   *
   * @internal
   */
  get discriminatorWeights(): NetworkWeights {
    return this.discriminators.ct.shared;
  }

  /**
   * Takes one training step on a real image of each modality: first a step of the generators, then a step of the
   * discriminators, with the images that the generators synthesised before their step.
   *
   * @param real - Images, [1, crop, crop, channels] in [-1, 1]; the caller disposes them.
   * @param learningRate - Learning rate of the generators. The setting `discriminatorRate` multiplies it for the
   * discriminators.
   * @param regression - A registered pair, from which the generators learn in addition; the caller disposes it.
   * @returns The losses before the step on the GPU, in the order of {@link LOSSES}; the caller disposes them.
   */
  step(
    real: Readonly<Record<Modality, Tensor4D>>,
    learningRate: number,
    regression?: PairTerm,
  ): Tensor1D {
    const { fakes, deceptions, cycles, extras } = this.generatorGradients(real, regression);
    this.generatorAdam.apply(learningRate);
    const pooled = this.pool.exchange(fakes);
    const judgements = this.discriminatorGradients(real, pooled);
    this.discriminatorAdam.apply(this.settings.discriminatorRate * learningRate);
    const losses = tf.concat([deceptions, cycles, judgements, extras]) as Tensor1D;
    tf.dispose([pooled.ct, pooled.mr, deceptions, cycles, judgements, extras]);
    return losses;
  }

  /**
   * Passes a batch through both generators at once.
   *
   * @param images - Images, [batch, crop, crop, channels]; the first and the second half pass through one generator each.
   * @param to - Modalities of the outputs of both halves.
   * @returns Synthesised images, in the order of the images.
   */
  translate(images: Tensor4D, to: readonly [Modality, Modality]): Tensor4D {
    return this.generators.ct.applyEach(images, networksInOrder(to));
  }

  /**
   * Passes a batch through both discriminators at once.
   *
   * @param images - Images, [batch, crop, crop, channels]; the first and the second half are judged by one discriminator
   * each.
   * @param as - Modalities of both halves.
   * @returns Judgements, [batch, rows, columns, 1].
   */
  judge(images: Tensor4D, as: readonly [Modality, Modality]): Tensor4D {
    return this.discriminators.ct.applyEach(images, networksInOrder(as));
  }

  /**
   * Computes the losses of both generators and writes the gradient of the sum of the losses, as {@link CycleGan.step}
   * uses it. Both cycles are computed at once: an MR is translated to CT and back, and a CT to MR and back.
   *
   * @internal
   */
  generatorGradients(
    real: Readonly<Record<Modality, Tensor4D>>,
    regression?: PairTerm,
  ): GeneratorLosses {
    const { cycleWeight, structureWeight } = this.settings;
    const originals = tf.concat([real.mr, real.ct]) as Tensor4D;
    const { fakes, deceptions, cycles, extras } = lossGradients(this.generatorWeights, () => {
      const fakes = this.translate(originals, ["ct", "mr"]);
      const deceptions = deceptionLosses(this.judge(fakes, ["ct", "mr"]));
      const cycles = cycleLosses(this.translate(fakes, ["mr", "ct"]), originals);
      let loss = deceptions.add(cycles.mul(cycleWeight)).sum() as Scalar;
      if (structureWeight === 0 && regression === undefined) {
        return { loss, parts: { fakes, deceptions, cycles, extras: tf.zeros([2]) as Tensor1D } };
      }
      let structure = tf.scalar(0);
      if (structureWeight > 0) {
        structure = this.#structureLoss(originals, fakes);
        loss = loss.add(structure.mul(structureWeight));
      }
      let regressed = tf.scalar(0);
      if (regression !== undefined) {
        regressed = this.pairLoss(regression.pair);
        loss = loss.add(regressed.mul(regression.weight));
      }
      const extras = tf.stack([structure, regressed]) as Tensor1D;
      return { loss, parts: { fakes, deceptions, cycles, extras } };
    });
    const [ct, mr] = tf.split(fakes, 2) as Tensor4D[];
    const cyclesOfCtAndMr = cycles.reverse(0) as Tensor1D;
    tf.dispose([originals, fakes, cycles]);
    return { fakes: { ct, mr }, deceptions, cycles: cyclesOfCtAndMr, extras };
  }

  /**
   * Computes the loss of the regression of both generators on a registered pair, the sum of both directions.
   *
   * @internal
   */
  pairLoss({ ct, mr, weight }: PairTensors): Scalar {
    const synthesised = this.translate(tf.concat([mr, ct]) as Tensor4D, ["ct", "mr"]);
    return regressionLoss(synthesised, {
      registered: tf.concat([ct, mr]) as Tensor4D,
      weight: tf.concat([weight, weight]) as Tensor4D,
    }).mul(2);
  }

  /** Computes the sum of the structure losses of an MR and a CT, each with its synthesis. */
  #structureLoss(originals: Tensor4D, fakes: Tensor4D): Scalar {
    const { structureMeasure, structureFloors: { ct, mr } } = this.settings;
    const floors = [{ source: mr, synthesis: ct }, { source: ct, synthesis: mr }];
    return structureLoss(structureMeasure, originals, fakes, floors).mul(2);
  }

  /**
   * Computes the losses of both discriminators and writes the gradient of their sum, as {@link CycleGan.step} uses it.
   *
   * @internal
   */
  discriminatorGradients(
    real: Readonly<Record<Modality, Tensor4D>>,
    synthesised: Readonly<Record<Modality, Tensor4D>>,
  ): Tensor1D {
    const pairs = MODALITIES.flatMap((of) => [real[of], synthesised[of]]);
    const images = tf.concat(pairs) as Tensor4D;
    const { losses } = lossGradients(this.discriminatorWeights, () => {
      const losses = judgementLosses(this.judge(images, MODALITIES));
      return { loss: losses.sum() as Scalar, parts: { losses } };
    });
    images.dispose();
    return losses;
  }

  /** Frees the networks, the optimisers and the pool. */
  dispose(): void {
    this.generatorWeights.dispose();
    this.discriminatorWeights.dispose();
    this.generatorAdam.dispose();
    this.discriminatorAdam.dispose();
    this.pool.dispose();
  }
}

/** Losses of both generators; the caller disposes the tensors. */
export interface GeneratorLosses {
  /** The synthesised images. */
  readonly fakes: Readonly<Record<Modality, Tensor4D>>;
  /** Losses of G_CT and G_MR by their discriminators, [2]. */
  readonly deceptions: Tensor1D;
  /** Cycle losses of CT and MR without their weight, [2]. */
  readonly cycles: Tensor1D;
  /** The structure loss and the regression without their weights, sums of both directions, [2]; 0 where they are off. */
  readonly extras: Tensor1D;
}

/** The networks of both halves of a batch. */
function networksInOrder([first, second]: readonly [Modality, Modality]): NetworksOfImages {
  const [a, b] = [MODALITIES.indexOf(first), MODALITIES.indexOf(second)];
  return { networks: MODALITIES.length, first: a, step: b - a, groups: 2 };
}
