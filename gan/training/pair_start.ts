/**
 * A start for trainings with registered pairs: the generators first learn from pairs of different subjects.
 *
 * @module
 */

import { type Tensorflow, tf } from "../tensorflow.ts";
import { Adam } from "./adam.ts";
import type { CycleGan, PairTensors } from "./cycle_gan.ts";
import { lossGradients } from "./loss_gradients.ts";

/** Adam's learning rate; this regression tolerates a larger rate than the adversarial training. */
const LEARNING_RATE = 2e-3;

/**
 * Trains both generators to synthesise the registered image of another subject, by the weighted mean of
 * |G_MR(CT) - MR| and of |G_CT(MR) - CT|.
 *
 * @param draw - Returns the next pair; this function disposes it.
 * @param betweenSteps - Is awaited after every step.
 */
export async function startFromPairs(
  tensorflow: Tensorflow,
  gan: CycleGan,
  draw: () => PairTensors,
  betweenSteps: () => Promise<void>,
): Promise<void> {
  const { generators: { ct, mr }, settings: { pairSteps } } = gan;
  const adam = new Adam(tensorflow, [...ct.variables, ...mr.variables]);
  try {
    for (let step = 0; step < pairSteps; step++) {
      const pair = draw();
      const gradients = (["ct", "mr"] as const).flatMap((to) => {
        const { loss, gradients } = lossGradients(gan.generators[to].variables, () => ({
          loss: gan.pairLoss(pair, to),
          parts: {},
        }));
        loss.dispose();
        return gradients;
      });
      adam.apply([gradients], LEARNING_RATE);
      tf.dispose([gradients, pair.ct, pair.mr, pair.weight]);
      await betweenSteps();
    }
  } finally {
    adam.dispose();
  }
}
