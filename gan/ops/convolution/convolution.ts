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
} from "./convolution_shape.ts";
import { stepsInRegisters, stepsInTiles } from "./correlation_steps.ts";
import { filterGradientSteps } from "./filter_gradient_steps.ts";
import type { OpRunner } from "../op_runner.ts";

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
  filter: TensorInfo,
): TensorInfo {
  const output = runner.output([shape.batch, shape.outHeight, shape.outWidth, shape.outChannels]);
  const steps = runner.cached(
    `convolve ${variant} ${JSON.stringify(Object.values(shape))}`,
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
  filter: TensorInfo,
): TensorInfo {
  const output = runner.output([shape.batch, shape.inHeight, shape.inWidth, shape.inChannels]);
  const phases = runner.cached(
    `input gradient ${variant} ${JSON.stringify(Object.values(shape))}`,
    () => inputGradientCorrelations(shape).map((phase) => STEPS_IN[variant](runner, phase)),
  );
  for (const steps of phases) steps(gradient, filter, output);
  return output;
}

/** Records the gradient of a convolution by its filter. */
export function convolutionFilterGradient(
  runner: OpRunner,
  variant: ConvolutionVariant,
  shape: ConvolutionShape,
  input: TensorInfo,
  gradient: TensorInfo,
): TensorInfo {
  const { kernelHeight, kernelWidth, inChannels, outChannels } = shape;
  const output = runner.output([kernelHeight, kernelWidth, inChannels, outChannels]);
  const steps = runner.cached(
    `filter gradient ${variant} ${JSON.stringify(Object.values(shape))}`,
    () => filterGradientSteps(runner, variant, shape),
  );
  steps(input, gradient, output);
  return output;
}
