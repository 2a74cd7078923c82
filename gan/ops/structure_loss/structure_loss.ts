/**
 * Structure losses: they compare the structure of a source image with that of its synthesis, independent of contrast.
 *
 * A cycle-GAN does not see a synthesis that is shifted, or whose borders have moved, if the other generator undoes it.
 * These losses do. They have no sign of the contrast: inverted edges are accepted, moved ones are not.
 *
 * @module
 */

import * as tf from "@tensorflow/tfjs";
import type { TensorInfo } from "@tensorflow/tfjs";
import type { OpRunner } from "../op_runner.ts";
import {
  BORDERS,
  correlationGradient,
  correlationTerms,
  meanOfTerms,
  mindGradient,
  mindTerms,
} from "./structure_loss.wgsl.ts";

/** "mind" compares MIND descriptors with four neighbours in the plane; "local-correlation" compares windows. */
export type StructureMeasure = "mind" | "local-correlation";

/** All values of {@link StructureMeasure}. */
export const STRUCTURE_MEASURES: readonly StructureMeasure[] = ["mind", "local-correlation"];

/** Variances in squared units of [-1, 1] below which an image counts as flat, of one image of a batch. */
export interface NoiseFloors {
  /** Noise floor of the source. */
  readonly source: number;
  /** Noise floor of the synthesis. */
  readonly synthesis: number;
}

const KERNELS = {
  mind: { terms: mindTerms, gradient: mindGradient },
  "local-correlation": { terms: correlationTerms, gradient: correlationGradient },
} as const;

const NAME = "CrosswarpStructureLoss";

/** Number of pixels whose mean is the loss, over all images and channels. */
export function structurePixels(
  measure: StructureMeasure,
  [images, height, width, channels]: readonly number[],
): number {
  const inside = (size: number) => size - 2 * BORDERS[measure];
  return images * channels * inside(height) * inside(width);
}

/** Records the loss and its gradient by the synthesis; returns both. */
function run(
  runner: OpRunner,
  { source, synthesis }: Readonly<Record<"source" | "synthesis", TensorInfo>>,
  measure: StructureMeasure,
  floors: readonly NoiseFloors[],
): TensorInfo[] {
  const { shape } = synthesis;
  const [images, height, width, channels] = shape;
  const count = images * height * width * channels;
  const { terms, gradient } = KERNELS[measure];
  const key = `${NAME} ${measure} ${shape} ${JSON.stringify(floors)}`;
  const plans = runner.cached(key, () => {
    const share = 1 / structurePixels(measure, shape);
    const parameters = {
      height,
      width,
      channels,
      share,
      floors: floors.flatMap((floor) => [floor.source, floor.synthesis, 0, 0]),
    };
    const workgroups = [Math.ceil(width * channels / 64), height, images] as const;
    return {
      terms: runner.plan({ kernel: terms(images), parameters, workgroups }),
      gradient: runner.plan({ kernel: gradient(images), parameters, workgroups }),
      mean: runner.plan({ kernel: meanOfTerms, parameters: { count, share }, workgroups: [1] }),
    };
  });
  const scratch = (use: string, bytes: number) => {
    const buffer = runner.scratch(`${NAME} ${use}`, bytes);
    return { buffer, offset: 0, bytes };
  };
  const losses = scratch("losses", 4 * count);
  const derivatives = scratch("derivatives", 16 * count);
  const mean = runner.output([]);
  const bySynthesis = runner.output(shape);
  runner.run(plans.terms, [source, synthesis, losses, derivatives]);
  const inputs = measure === "mind" ? [synthesis] : [source, synthesis];
  runner.run(plans.gradient, [...inputs, derivatives, bySynthesis]);
  runner.run(plans.mean, [losses, mean]);
  return [mean, bySynthesis];
}

/** Adds the loss to tfjs; the returned function removes it. */
export function addStructureLossToTfjs(runner: OpRunner): () => void {
  const backendName = "webgpu";
  tf.registerKernel({
    kernelName: NAME,
    backendName,
    kernelFunc: ({ inputs, attrs }) => {
      const { measure, floors } = attrs as unknown as {
        measure: StructureMeasure;
        floors: readonly NoiseFloors[];
      };
      return run(runner, inputs as Record<"source" | "synthesis", TensorInfo>, measure, floors);
    },
  });
  tf.registerGradient({
    kernelName: NAME,
    outputsToSave: [false, true],
    gradFunc: (dy, saved) => ({
      // The source is the input of the generator, which has no gradient.
      source: () => tf.zerosLike(saved[0]),
      synthesis: () => saved[0].mul((dy as tf.Tensor[])[0]),
    }),
  });
  return () => {
    tf.unregisterKernel(NAME, backendName);
    tf.unregisterGradient(NAME);
  };
}

/**
 * Compares the structure of images with that of their syntheses. The gradient is that by the synthesis alone.
 *
 * @param source - Images, [batch, height, width, channels] in [-1, 1].
 * @param synthesis - Their syntheses, of the same shape.
 * @param floors - Noise floors of each image of the batch.
 * @returns The mean over the pixels whose window lies in the image. With "mind" it lies in [0, 1], with
 * "local-correlation" in [0, 2].
 * @throws {RangeError} if the images are too small for a window, or a noise floor is not positive.
 */
export function structureLoss(
  measure: StructureMeasure,
  source: tf.Tensor4D,
  synthesis: tf.Tensor4D,
  floors: readonly NoiseFloors[],
): tf.Scalar {
  const [images, height, width] = synthesis.shape;
  if (Math.min(height, width) <= 2 * BORDERS[measure]) {
    throw new RangeError(
      `Images of ${height} x ${width} pixels are too small for the windows of ${measure}`,
    );
  }
  if (floors.length !== images) {
    throw new RangeError(`${floors.length} noise floors for ${images} images`);
  }
  if (floors.some((floor) => !(floor.source > 0 && floor.synthesis > 0))) {
    throw new RangeError("A noise floor must be positive");
  }
  const attrs = { measure, floors } as unknown as tf.NamedAttrMap;
  const inputs = { source, synthesis };
  return tf.engine().runKernel<tf.Tensor[]>(NAME, inputs, attrs)[0] as tf.Scalar;
}
