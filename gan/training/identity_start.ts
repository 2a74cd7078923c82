/**
 * A start for short trainings: generators that give back what they are given.
 *
 * @module
 */

import { Adam } from "./adam.ts";
import type { Modality } from "../../volume/modality.ts";
import type { CycleGan } from "./cycle_gan.ts";
import { cycleLoss } from "./losses.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";

/** Adam's learning rate: a plain regression bears more than the game of generators and discriminators. */
const LEARNING_RATE = 2e-3;

/**
 * Trains both generators to copy an image of the other modality, mean |G(x) - x|.
 *
 * @param draw - Gives the next real image of a modality, [1, crop, crop, channels].
 * @param betweenSteps - Awaited after every step.
 */
export async function startFromIdentity(
  tensorflow: Tensorflow,
  gan: CycleGan,
  draw: (of: Modality) => tf.Tensor4D,
  betweenSteps: () => Promise<void>,
): Promise<void> {
  const { generators: { ct, mr }, settings: { identitySteps } } = gan;
  const adam = new Adam(tensorflow, [...ct.variables, ...mr.variables]);
  try {
    for (let step = 0; step < identitySteps; step++) {
      const gradients = ([["mr", ct], ["ct", mr]] as const).flatMap(([of, generator]) => {
        const image = draw(of);
        const { value, grads } = tf.engine().gradients(
          () => cycleLoss(generator.apply(image), image),
          generator.variables,
          undefined as unknown as tf.Scalar,
        );
        tf.dispose([value, image]);
        return grads;
      });
      adam.apply([gradients], LEARNING_RATE);
      tf.dispose(gradients);
      await betweenSteps();
    }
  } finally {
    adam.dispose();
  }
}
