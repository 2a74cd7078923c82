/**
 * The dispatches of a convolution's filter gradient.
 *
 * @module
 */

import type { UniformValues } from "../../../kernels/gpu/uniform_block.ts";
import { type ConvolutionShape, quadsOf, uniformQuads } from "./convolution_shape.ts";
import type { Steps } from "./correlation_steps.ts";
import { filterGradientRegisters } from "./filter_gradient_registers.wgsl.ts";
import { filterGradientTiles } from "./filter_gradient_tiles.wgsl.ts";
import type { OpRunner, Plan } from "../op_runner.ts";
import { sumParts } from "./sum_parts.wgsl.ts";

/** The filter gradient's dispatch, and in how many parts it leaves the sums. */
interface PartialGradient {
  readonly plan: Plan;
  readonly parts: number;
}

/** The sums of parts of the image, and their sum; one part is the gradient itself. */
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
  const adding = runner.plan({
    kernel: sumParts,
    parameters: { parts, inChannels, inQuads, outChannels, outQuads },
    workgroups: [Math.ceil(outQuads / 16), Math.ceil(inChannels / 4), taps],
  });
  const bytes = 16 * parts * taps * 4 * inQuads * outQuads;
  return (input, gradient, output) => {
    const sums = { buffer: runner.scratch("filter gradient parts", bytes), offset: 0, bytes };
    runner.run(plan, [input, gradient, sums]);
    runner.run(adding, [sums, output]);
  };
}

/** Sums of an invocation of the filter gradient: more are slower than reading the images again. */
const MAX_SUMS = 144;
/** Invocations of the filter gradient that keep a processor's cores, or a graphics processor, busy. */
const ENOUGH = { registers: 64, tiles: 128 * 512 };

/** Cuts the output's rows in parts so that there are `enough` invocations of `once` for one part. */
function cutRows(shape: ConvolutionShape, once: number, enough: number) {
  const lines = shape.batch * shape.outHeight;
  const partRows = Math.ceil(lines / Math.min(lines, Math.ceil(enough / once)));
  return { partRows, parts: Math.ceil(lines / partRows) };
}

function partsInRegisters(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { batch, kernelHeight, kernelWidth: tapColumns, stride } = shape;
  const inQuads = quadsOf(shape.inChannels);
  const allOutQuads = quadsOf(shape.outChannels);
  const outQuads = Math.min(4, allOutQuads);
  const mostRows = Math.max(1, Math.floor(MAX_SUMS / (4 * tapColumns * outQuads)));
  const tapGroups = Math.ceil(kernelHeight / mostRows);
  const tapRows = Math.ceil(kernelHeight / tapGroups);
  const lanes = Math.ceil(allOutQuads / outQuads);
  const once = lanes * inQuads * tapGroups;
  const { partRows, parts } = cutRows(shape, once, ENOUGH.registers);
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
    constants: { lanes, inQuads: inQuads, tapGroups: tapGroups },
    workgroups: [Math.ceil(once * parts / 8)],
  });
  return { plan, parts };
}

function partsInTiles(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { kernelHeight, kernelWidth: tapColumns, stride } = shape;
  const taps = kernelHeight * tapColumns;
  const groups = [shape.outChannels, shape.inChannels].map((n) => Math.ceil(quadsOf(n) / 16));
  const { partRows, parts } = cutRows(shape, groups[0] * groups[1] * taps * 128, ENOUGH.tiles);
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
