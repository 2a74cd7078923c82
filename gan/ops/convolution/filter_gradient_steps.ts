/**
 * Dispatches of a convolution's filter gradient.
 *
 * @module
 */

import type { UniformValues } from "../../../kernels/gpu/uniform_block.ts";
import { quadsOf, uniformQuads } from "../quads.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import type { Steps } from "./correlation_steps.ts";
import { filterGradientRegisters } from "./filter_gradient_registers.wgsl.ts";
import { filterGradientTiles } from "./filter_gradient_tiles.wgsl.ts";
import type { OpRunner, Plan } from "../op_runner.ts";
import { SUM_PARTS } from "./sum_parts.wgsl.ts";

/** Dispatch that computes the filter gradient in parts. */
interface PartialGradient {
  readonly plan: Plan;
  /** Number of parts, over which the gradient is the sum. */
  readonly parts: number;
}

/** Prepares the sums over parts of the images and the sum of the parts, which a single part does not need. */
export function filterGradientSteps(
  runner: OpRunner,
  variant: "registers" | "tiles",
  shape: ConvolutionShape,
): Steps {
  const { inChannels, outChannels } = shape;
  const inQuads = quadsOf(inChannels);
  const outQuads = quadsOf(outChannels);
  const taps = shape.kernelHeight * shape.kernelWidth;
  const wholes = { inWhole: inChannels % 4 === 0, outWhole: outChannels % 4 === 0 };
  const { plan, parts } = variant === "registers"
    ? partsInRegisters(runner, shape, wholes)
    : partsInTiles(runner, shape, wholes);
  if (parts === 1 && wholes.inWhole && wholes.outWhole) {
    return (input, gradient, output) => runner.run(plan, [input, gradient, output]);
  }
  const addition = runner.plan({
    kernel: SUM_PARTS,
    parameters: { parts, inChannels, inQuads, outChannels, outQuads },
    workgroups: [Math.ceil(outQuads / 16), Math.ceil(inChannels / 4), taps],
  });
  const bytes = 16 * parts * taps * 4 * inQuads * outQuads;
  return (input, gradient, output) => {
    const sums = { buffer: runner.scratch("filter gradient parts", bytes), offset: 0, bytes };
    runner.run(plan, [input, gradient, sums]);
    runner.run(addition, [sums, output]);
  };
}

/** Maximum number of sums per invocation; reading the images again is faster than more sums. */
const MAX_SUMS = 144;
/** Number of invocations that keep all cores of a processor (registers) or of a GPU (tiles) busy. */
const MIN_INVOCATIONS = { registers: 64, tiles: 128 * 512 };

/** Cuts the output's rows into parts of `perPart` invocations each, so that there are at least `min` invocations. */
function cutRows(shape: ConvolutionShape, perPart: number, min: number) {
  const lines = shape.batch * shape.outHeight;
  const partRows = Math.ceil(lines / Math.min(lines, Math.ceil(min / perPart)));
  return { partRows, parts: Math.ceil(lines / partRows) };
}

/** Prepares the partial sums in registers. */
function partsInRegisters(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { batch, kernelHeight, kernelWidth: tapColumns, stride } = shape;
  const inQuads = quadsOf(shape.inChannels);
  const allOutQuads = quadsOf(shape.outChannels);
  const outQuads = Math.min(4, allOutQuads);
  const maxRows = Math.max(1, Math.floor(MAX_SUMS / (4 * tapColumns * outQuads)));
  const tapGroups = Math.ceil(kernelHeight / maxRows);
  const tapRows = Math.ceil(kernelHeight / tapGroups);
  const lanes = Math.ceil(allOutQuads / outQuads);
  const perPart = lanes * inQuads * tapGroups;
  const { partRows, parts } = cutRows(shape, perPart, MIN_INVOCATIONS.registers);
  const plan = runner.plan({
    kernel: filterGradientRegisters({
      tapColumns,
      stride,
      tapRows,
      outQuads,
      ...wholes,
      uniformInput: uniformQuads(batch * shape.inHeight * shape.inWidth, shape.inChannels),
      uniformGradient: uniformQuads(batch * shape.outHeight * shape.outWidth, shape.outChannels),
    }),
    parameters: filterGradientParameters(shape, partRows),
    constants: { lanes, inQuads, tapGroups },
    workgroups: [Math.ceil(perPart * parts / 8)],
  });
  return { plan, parts };
}

/** Prepares the partial sums in tiles. */
function partsInTiles(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { kernelHeight, kernelWidth: tapColumns, stride } = shape;
  const taps = kernelHeight * tapColumns;
  const groups = [shape.outChannels, shape.inChannels].map((n) => Math.ceil(quadsOf(n) / 16));
  const { partRows, parts } = cutRows(
    shape,
    groups[0] * groups[1] * taps * 128,
    MIN_INVOCATIONS.tiles,
  );
  const plan = runner.plan({
    kernel: filterGradientTiles({ tapColumns, stride, ...wholes }),
    parameters: filterGradientParameters(shape, partRows),
    workgroups: [groups[0], groups[1], parts * taps],
  });
  return { plan, parts };
}

function filterGradientParameters(shape: ConvolutionShape, partRows: number): UniformValues {
  return {
    batch: shape.batch,
    inHeight: shape.inHeight,
    inWidth: shape.inWidth,
    inChannels: shape.inChannels,
    inQuads: quadsOf(shape.inChannels),
    outHeight: shape.outHeight,
    outWidth: shape.outWidth,
    outChannels: shape.outChannels,
    outQuads: quadsOf(shape.outChannels),
    tapRows: shape.kernelHeight,
    padTop: shape.padTop,
    padLeft: shape.padLeft,
    partRows,
  };
}
