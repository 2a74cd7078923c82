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
import { cycleLoss, deceptionLoss, judgementLoss } from "./losses.ts";
import { RandomState } from "../random.ts";
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

/** The losses of a step, in the order in which {@link CycleGan.step} gives them. */
export const LOSSES = [
  "generatorCt",
  "generatorMr",
  "cycleCt",
  "cycleMr",
  "discriminatorCt",
  "discriminatorMr",
] as const;

/** Two generators and two discriminators, their optimisers and the pool. */
export class CycleGan {
  /** What it is. */
  readonly settings: CycleGanSettings;
  /** G_CT and G_MR: what they give. */
  readonly generators: Readonly<Record<Modality, Generator>>;
  /** D_CT and D_MR: what they judge. */
  readonly discriminators: Readonly<Record<Modality, Discriminator>>;
  /**
   * The optimiser of both generators.
   *
   * @internal
   */
  readonly generatorAdam: Adam;
  /**
   * The optimiser of both discriminators.
   *
   * @internal
   */
  readonly discriminatorAdam: Adam;
  /**
   * Earlier syntheses.
   *
   * @internal
   */
  readonly pool: ImagePool;
  /**
   * Draws from the pool.
   *
   * @internal
   */
  readonly poolRandom: RandomState;

  /**
   * Networks with initial weights.
   *
   * @param tensorflow - Open as long as the networks are used.
   * @throws {RangeError} when a setting makes no sense.
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
   * One training step on a real image of each modality: first the generators', then, with the images that
   * these gave before it, the discriminators'.
   *
   * @param real - [1, crop, crop, channels] in [-1, 1]; the caller disposes them.
   * @param learningRate - Of this step; the discriminators' by their setting.
   * @returns The losses before the step, in the order of {@link LOSSES}, on the GPU; the caller disposes them.
   */
  step(real: Readonly<Record<Modality, Tensor4D>>, learningRate: number): Tensor1D {
    const { losses: generatorLosses, fakes } = this.#generatorStep(real, learningRate);
    const pooled = this.pool.exchange(fakes);
    const discriminatorLosses = this.#discriminatorStep(real, pooled, learningRate);
    tf.dispose([pooled.ct, pooled.mr]);
    const all = [...generatorLosses, ...discriminatorLosses];
    const losses = tf.stack(all) as Tensor1D;
    tf.dispose(all);
    return losses;
  }

  /** The gradients of both cycles by all generators' weights; also what {@link CycleGan.step} is made of. */
  generatorGradients(
    real: Readonly<Record<Modality, Tensor4D>>,
  ): Record<Modality, CycleGradients> {
    return { ct: this.#cycle(real.ct, "ct", "mr"), mr: this.#cycle(real.mr, "mr", "ct") };
  }

  /** The gradient of a discriminator's loss by its weights. */
  discriminatorGradients(
    of: Modality,
    real: Tensor4D,
    synthesised: Tensor4D,
  ): { loss: Scalar; gradients: Tensor[] } {
    const judge = this.discriminators[of];
    const { value, grads } = tf.engine().gradients(
      () => judgementLoss(judge.apply(tf.concat([real, synthesised]))),
      judge.variables,
      undefined as unknown as Scalar,
    );
    return { loss: value as Scalar, gradients: grads };
  }

  /** Frees everything. */
  dispose(): void {
    for (const network of Object.values(this.generators)) network.dispose();
    for (const network of Object.values(this.discriminators)) network.dispose();
    this.generatorAdam.dispose();
    this.discriminatorAdam.dispose();
    this.pool.dispose();
  }

  /**
   * One half of the generators' loss: an image, its synthesis in the other modality, and back. The halves
   * are taken one after the other, since what a gradient keeps of both at once would be twice as much.
   */
  #cycle(image: Tensor4D, here: Modality, there: Modality): CycleGradients {
    const { generators, discriminators, settings: { cycleWeight } } = this;
    let fake!: Tensor4D;
    let deception!: Scalar;
    let cycle!: Scalar;
    const { value, grads } = tf.engine().gradients(
      () => {
        fake = tf.keep(generators[there].apply(image));
        deception = tf.keep(deceptionLoss(discriminators[there].apply(fake)));
        cycle = tf.keep(cycleLoss(generators[here].apply(fake), image));
        return deception.add(cycle.mul(cycleWeight)) as Scalar;
      },
      variables(generators),
      undefined as unknown as Scalar,
    );
    value.dispose();
    return { fake, deception, cycle, gradients: grads };
  }

  #generatorStep(real: Readonly<Record<Modality, Tensor4D>>, learningRate: number) {
    const { ct, mr } = this.generatorGradients(real);
    this.generatorAdam.apply([ct.gradients, mr.gradients], learningRate);
    tf.dispose([ct.gradients, mr.gradients]);
    return {
      // The synthesised MR comes from the CT.
      losses: [mr.deception, ct.deception, ct.cycle, mr.cycle],
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

/** What one image's way there and back gives; the caller disposes it. */
export interface CycleGradients {
  /** The synthesised image. */
  readonly fake: Tensor4D;
  /** The generator's loss in its discriminator's eyes. */
  readonly deception: Scalar;
  /** The cycle loss, not yet weighted. */
  readonly cycle: Scalar;
  /** By all generators' weights, G_CT's first. */
  readonly gradients: Tensor[];
}

function variables(networks: Readonly<Record<Modality, Generator | Discriminator>>): Variable[] {
  return [...networks.ct.variables, ...networks.mr.variables];
}
