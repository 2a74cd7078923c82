/**
 * Convolution, its input gradient and its filter gradient on tfjs tensors.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import {
  type ConvolutionShape,
  forwardCorrelation,
  inputGradientCorrelations,
  shapeKey,
} from "./convolution_shape.ts";
import { stepsInRegisters, stepsInTiles } from "./correlation_steps.ts";
import { filterGradientSteps } from "./filter_gradient_steps.ts";
import type { GradientRange } from "../networks_of_images.ts";
import type { OpRunner, TensorRange } from "../op_runner.ts";

/**
 * Place of the sums: "registers" of single invocations, with the filter in uniform memory, suit software Vulkan;
 * "tiles" in workgroup memory suit graphics processors.
 */
export type ConvolutionVariant = "registers" | "tiles";

const STEPS_IN = { registers: stepsInRegisters, tiles: stepsInTiles };

/** Records the convolution of `input` with `filter`. */
export function convolve(
  runner: OpRunner,
  variant: ConvolutionVariant,
  shape: ConvolutionShape,
  input: TensorInfo,
  filter: TensorRange,
): TensorInfo {
  const output = runner.output([shape.batch, shape.outHeight, shape.outWidth, shape.outChannels]);
  const steps = runner.cached(
    `convolve ${variant} ${shapeKey(shape)}`,
    () => STEPS_IN[variant](runner, forwardCorrelation(shape)),
  );
  steps(input, filter, output);
  return output;
}

/** Records the gradient of a convolution by its input, which is also the transposed convolution. */
export function convolutionInputGradient(
  runner: OpRunner,
  variant: ConvolutionVariant,
  shape: ConvolutionShape,
  gradient: TensorInfo,
  filter: TensorRange,
): TensorInfo {
  const output = runner.output([shape.batch, shape.inHeight, shape.inWidth, shape.inChannels]);
  const phases = runner.cached(
    `input gradient ${variant} ${shapeKey(shape)}`,
    () => inputGradientCorrelations(shape).map((phase) => STEPS_IN[variant](runner, phase)),
  );
  for (const steps of phases) steps(gradient, filter, output);
  return output;
}

/** Records the gradient of a convolution by its filters, which is written or added to the target. */
export function convolutionFilterGradient(
  runner: OpRunner,
  variant: ConvolutionVariant,
  shape: ConvolutionShape,
  [input, gradient]: readonly [TensorInfo, TensorInfo],
  target: GradientRange,
): void {
  const { accumulate } = target;
  const steps = runner.cached(
    `filter gradient ${variant} ${accumulate} ${shapeKey(shape)}`,
    () => filterGradientSteps(runner, variant, shape, accumulate),
  );
  steps(input, gradient, target);
  runner.changed(target.tensor);
}
