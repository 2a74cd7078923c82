/**
 * The cycle-GAN: two generators, two discriminators, and one step of their training.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { Adam } from "./adam.ts";
import { Discriminator } from "../networks/discriminator.ts";
import { Generator } from "../networks/generator.ts";
import { ImagePool } from "./image_pool.ts";
import { lossGradients } from "./loss_gradients.ts";
import { cycleLoss, deceptionLoss, judgementLoss, regressionLoss } from "./losses.ts";
import { structureLoss } from "../ops/structure_loss/structure_loss.ts";
import { RandomState } from "../../host/random.ts";
import { checkSettings, type CycleGanSettings } from "../model/settings.ts";
import {
  type Scalar,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  type Tensorflow,
  tf,
  type Variable,
} from "../tensorflow.ts";

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
   * @throws {RangeError} if a setting is invalid.
   */
  constructor(tensorflow: Tensorflow, settings: CycleGanSettings) {
    checkSettings(settings);
    this.settings = settings;
    const { channels, blocks, seed, strides } = settings;
    const generator = (name: string) =>
      new Generator(
        name,
        { channels, filters: settings.generatorFilters, blocks },
        RandomState.of(seed, name),
      );
    const discriminator = (name: string) =>
      new Discriminator(
        name,
        {
          channels,
          filters: settings.discriminatorFilters,
          strides,
          norm: settings.discriminatorNorm,
        },
        RandomState.of(seed, name),
      );
    this.generators = { ct: generator("generator_ct"), mr: generator("generator_mr") };
    this.discriminators = {
      ct: discriminator("discriminator_ct"),
      mr: discriminator("discriminator_mr"),
    };
    this.generatorAdam = new Adam(tensorflow, variables(this.generators));
    this.discriminatorAdam = new Adam(tensorflow, variables(this.discriminators));
    this.poolRandom = RandomState.of(seed, "pool");
    this.pool = new ImagePool(settings.pool, this.poolRandom);
  }

  /** All weights by name. */
  get weights(): Map<string, Variable> {
    const networks = [...Object.values(this.generators), ...Object.values(this.discriminators)];
    return new Map(networks.flatMap((network) => [...network.weights]));
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
    const { losses: generatorLosses, extraLosses, fakes } = this.#generatorStep(
      real,
      learningRate,
      regression,
    );
    const pooled = this.pool.exchange(fakes);
    const discriminatorLosses = this.#discriminatorStep(real, pooled, learningRate);
    tf.dispose([pooled.ct, pooled.mr]);
    const [structure, regressed] = extraLosses;
    const all = [...generatorLosses, ...discriminatorLosses, structure, regressed];
    const losses = tf.stack(all) as Tensor1D;
    tf.dispose(all);
    return losses;
  }

  /** Computes the gradients of both cycles by the weights of both generators, as {@link CycleGan.step} uses them. */
  generatorGradients(
    real: Readonly<Record<Modality, Tensor4D>>,
    regression?: PairTerm,
  ): Record<Modality, CycleGradients> {
    return {
      ct: this.#cycle(real.ct, "ct", "mr", regression),
      mr: this.#cycle(real.mr, "mr", "ct", regression),
    };
  }

  /** Computes the gradient of a discriminator's loss by its weights; the caller disposes the tensors. */
  discriminatorGradients(
    of: Modality,
    real: Tensor4D,
    synthesised: Tensor4D,
  ): { loss: Scalar; gradients: Tensor[] } {
    const discriminator = this.discriminators[of];
    return lossGradients(discriminator.variables, () => ({
      loss: judgementLoss(discriminator.apply(tf.concat([real, synthesised]))),
      parts: {},
    }));
  }

  /** Frees the networks, the optimisers and the pool. */
  dispose(): void {
    for (const network of Object.values(this.generators)) network.dispose();
    for (const network of Object.values(this.discriminators)) network.dispose();
    this.generatorAdam.dispose();
    this.discriminatorAdam.dispose();
    this.pool.dispose();
  }

  /**
   * Computes one half of the generators' loss: an image is translated to the other modality and back. The halves are
   * computed one after the other, because both together would need twice the memory.
   */
  #cycle(
    image: Tensor4D,
    here: Modality,
    there: Modality,
    regression: PairTerm | undefined,
  ): CycleGradients {
    const { generators, discriminators, settings } = this;
    const { cycleWeight, structureMeasure, structureWeight, structureFloors } = settings;
    const { loss, gradients, parts } = lossGradients(variables(generators), () => {
      const fake = generators[there].apply(image);
      const deception = deceptionLoss(discriminators[there].apply(fake));
      const cycle = cycleLoss(generators[here].apply(fake), image);
      let loss = deception.add(cycle.mul(cycleWeight)) as Scalar;
      let structure = tf.scalar(0);
      if (structureWeight > 0) {
        const floors = { source: structureFloors[here], synthesis: structureFloors[there] };
        structure = structureLoss(structureMeasure, image, fake, [floors]);
        loss = loss.add(structure.mul(structureWeight));
      }
      let regressed = tf.scalar(0);
      if (regression !== undefined) {
        regressed = this.pairLoss(regression.pair, there);
        loss = loss.add(regressed.mul(regression.weight));
      }
      return { loss, parts: { fake, deception, cycle, structure, regressed } };
    });
    loss.dispose();
    return { ...parts, gradients };
  }

  /** Computes the loss of the regression of one generator on a registered pair. */
  pairLoss(pair: PairTensors, to: Modality): Scalar {
    const from = to === "ct" ? "mr" : "ct";
    const synthesised = this.generators[to].apply(pair[from]);
    return regressionLoss(synthesised, { registered: pair[to], weight: pair.weight });
  }

  #generatorStep(
    real: Readonly<Record<Modality, Tensor4D>>,
    learningRate: number,
    regression: PairTerm | undefined,
  ) {
    const { ct, mr } = this.generatorGradients(real, regression);
    this.generatorAdam.apply([ct.gradients, mr.gradients], learningRate);
    tf.dispose([ct.gradients, mr.gradients]);
    return {
      // `mr` belongs to the cycle of the MR, which synthesises a CT.
      losses: [mr.deception, ct.deception, ct.cycle, mr.cycle],
      extraLosses: [sum(ct.structure, mr.structure), sum(ct.regressed, mr.regressed)],
      fakes: { ct: mr.fake, mr: ct.fake },
    };
  }

  #discriminatorStep(
    real: Readonly<Record<Modality, Tensor4D>>,
    synthesised: Readonly<Record<Modality, Tensor4D>>,
    learningRate: number,
  ): Scalar[] {
    const steps = (["ct", "mr"] as const).map((of) =>
      this.discriminatorGradients(of, real[of], synthesised[of])
    );
    const gradients = steps.flatMap((step) => step.gradients);
    this.discriminatorAdam.apply([gradients], this.settings.discriminatorRate * learningRate);
    tf.dispose(gradients);
    return steps.map((step) => step.loss);
  }
}

/** Losses and gradients of one cycle, an image's translation to the other modality and back; the caller disposes them. */
export interface CycleGradients {
  /** The synthesised image. */
  readonly fake: Tensor4D;
  /** The generator's loss by its discriminator. */
  readonly deception: Scalar;
  /** The cycle loss without its weight. */
  readonly cycle: Scalar;
  /** The structure loss without its weight; 0 if it is off. */
  readonly structure: Scalar;
  /** The regression on the registered pair without its weight; 0 without a pair. */
  readonly regressed: Scalar;
  /** Gradients by the weights of both generators, those of G_CT first. */
  readonly gradients: Tensor[];
}

/** The sum of two losses, which it disposes. */
function sum(a: Scalar, b: Scalar): Scalar {
  const both = a.add<Scalar>(b);
  tf.dispose([a, b]);
  return both;
}

/** The weights of both networks, those of CT first. */
function variables(networks: Readonly<Record<Modality, Generator | Discriminator>>): Variable[] {
  return [...networks.ct.variables, ...networks.mr.variables];
}
