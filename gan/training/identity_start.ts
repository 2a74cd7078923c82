/**
 * A start for short trainings: the generators first learn to copy their input.
 *
 * @module
 */

import type { Modality } from "../../volume/modality.ts";
import { type Tensorflow, tf } from "../tensorflow.ts";
import { Adam } from "./adam.ts";
import type { CycleGan } from "./cycle_gan.ts";
import { lossGradients } from "./loss_gradients.ts";
import { cycleLosses } from "./losses.ts";

/** Adam's learning rate; this regression tolerates a larger rate than the adversarial training. */
const LEARNING_RATE = 2e-3;

/**
 * Trains both generators to copy an image of the other modality, by mean |G(x) - x|. A generator that corrects an
 * intensity transfer learns to reproduce the curve's image instead, because a copy would undo the curve.
 *
 * @param draw - Returns the next real image of a modality, [1, crop, crop, channels].
 * @param betweenSteps - Is awaited after every step.
 */
export async function startFromIdentity(
  tensorflow: Tensorflow,
  gan: CycleGan,
  draw: (of: Modality) => tf.Tensor4D,
  betweenSteps: () => Promise<void>,
): Promise<void> {
  const { generatorWeights, settings: { identitySteps } } = gan;
  const adam = new Adam(tensorflow, generatorWeights);
  try {
    for (let step = 0; step < identitySteps; step++) {
      const images = [draw("mr"), draw("ct")];
      const batch = tf.concat(images) as tf.Tensor4D;
      const wanted = tf.tidy(() =>
        tf.concat([
          gan.generators.ct.transferred(images[0]),
          gan.generators.mr.transferred(images[1]),
        ]) as tf.Tensor4D
      );
      lossGradients(generatorWeights, () => ({
        loss: cycleLosses(gan.translate(batch, ["ct", "mr"]), wanted).sum(),
        parts: {},
      }));
      adam.apply(LEARNING_RATE);
      tf.dispose([...images, batch, wanted]);
      await betweenSteps();
    }
  } finally {
    adam.dispose();
  }
}
