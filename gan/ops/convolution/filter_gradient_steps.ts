/**
 * Dispatches of a convolution's filter gradient.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { UniformValues } from "../../../kernels/gpu/uniform_block.ts";
import { type GradientRange, imagesPerGroup } from "../networks_of_images.ts";
import { channelsPerQuad, quadsOf, uniformQuads } from "../quads.ts";
import type { ConvolutionShape } from "./convolution_shape.ts";
import { filterGradientRegisters } from "./filter_gradient_registers.wgsl.ts";
import { filterGradientTiles } from "./filter_gradient_tiles.wgsl.ts";
import type { OpRunner, Plan } from "../op_runner.ts";
import { sumParts } from "./sum_parts.wgsl.ts";

/** Records all dispatches of a filter gradient. */
export type GradientSteps = (
  input: TensorInfo,
  gradient: TensorInfo,
  target: GradientRange,
) => void;

/** The dispatch that computes the filter gradient in parts, and the places of its sums. */
interface PartialGradient {
  /** Returns the plan for these places. */
  readonly plan: (places: SumPlaces) => Plan;
  /** Number of parts per group of images, over which the gradient is the sum. */
  readonly parts: number;
}

/** Places of the sums, in quads. */
interface SumPlaces {
  /** First sum of the first group. */
  readonly sumOrigin: number;
  /** Distance between groups of images. */
  readonly sumGroup: number;
  /** Distance between parts of a group. */
  readonly sumPart: number;
  /** Distance between taps. */
  readonly sumTap: number;
  /** True if the sums are added to the earlier contents. */
  readonly accumulate: boolean;
}

/**
 * Prepares the sums over parts of the images and the sum of the parts, which a single part does not need.
 *
 * @param accumulate - True if the gradient is added to the contents of its target.
 */
export function filterGradientSteps(
  runner: OpRunner,
  variant: "registers" | "tiles",
  shape: ConvolutionShape,
  accumulate: boolean,
): GradientSteps {
  const { inChannels, outChannels, networks: { networks, first, step, groups } } = shape;
  const inQuads = quadsOf(inChannels);
  const outQuads = quadsOf(outChannels);
  const taps = shape.kernelHeight * shape.kernelWidth;
  const wholes = { inWhole: inChannels % 4 === 0, outWhole: outChannels % 4 === 0 };
  const { plan, parts } = variant === "registers"
    ? partsInRegisters(runner, shape, wholes)
    : partsInTiles(runner, shape, wholes);
  const perTap = 4 * inQuads * outQuads;
  if (parts === 1 && wholes.inWhole && wholes.outWhole) {
    const direct = plan({
      sumOrigin: first * perTap,
      sumGroup: step * perTap,
      sumPart: 0,
      sumTap: networks * perTap,
      accumulate,
    });
    return (input, gradient, target) => runner.run(direct, [input, gradient, target]);
  }
  const partial = plan({
    sumOrigin: 0,
    sumGroup: parts * taps * perTap,
    sumPart: taps * perTap,
    sumTap: perTap,
    accumulate: false,
  });
  const addition = runner.plan({
    kernel: sumParts(accumulate),
    parameters: {
      parts,
      inChannels,
      inQuads,
      outChannels,
      outQuads,
      taps,
      networks,
      firstNetwork: first,
      networkStep: step,
    },
    workgroups: [Math.ceil(outQuads / 16), Math.ceil(inChannels / 4), taps * groups],
  });
  const bytes = 16 * groups * parts * taps * perTap;
  return (input, gradient, target) => {
    const sums = { buffer: runner.scratch("filter gradient parts", bytes), offset: 0, bytes };
    runner.run(partial, [input, gradient, sums]);
    runner.run(addition, [sums, target]);
  };
}

/** Maximum number of sums per invocation; reading the images again is faster than more sums. */
const MAX_SUMS = 144;
/** Number of invocations that keep all cores of a processor (registers) or of a GPU (tiles) busy. */
const MIN_INVOCATIONS = { registers: 64, tiles: 128 * 512 };

/**
 * Cuts the output's rows of a group of images into parts of `perPart` invocations each, so that there are at least
 * `min` invocations for all groups.
 */
function cutRows(shape: ConvolutionShape, perPart: number, min: number) {
  const { batch, outHeight, networks } = shape;
  const lines = imagesPerGroup(batch, networks) * outHeight;
  const wanted = Math.ceil(min / networks.groups / perPart);
  const partRows = Math.ceil(lines / Math.min(lines, wanted));
  return { partRows, parts: Math.ceil(lines / partRows) };
}

/** Prepares the partial sums in registers. */
function partsInRegisters(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { batch, kernelHeight, kernelWidth: tapColumns, stride, networks: { groups } } = shape;
  const inQuads = quadsOf(shape.inChannels);
  const allOutQuads = quadsOf(shape.outChannels);
  const outQuads = Math.min(4, allOutQuads);
  const inPerQuad = channelsPerQuad(shape.inChannels);
  const outPerQuad = channelsPerQuad(shape.outChannels);
  const maxRows = Math.max(
    1,
    Math.floor(MAX_SUMS / (inPerQuad * tapColumns * outQuads * outPerQuad / 4)),
  );
  const tapGroups = Math.ceil(kernelHeight / maxRows);
  const tapRows = Math.ceil(kernelHeight / tapGroups);
  const lanes = Math.ceil(allOutQuads / outQuads);
  const perPart = lanes * inQuads * tapGroups;
  const { partRows, parts } = cutRows(shape, perPart, MIN_INVOCATIONS.registers);
  const tile = {
    tapColumns,
    stride,
    tapRows,
    outQuads,
    ...wholes,
    inPerQuad,
    outPerQuad,
    uniformInput: uniformQuads(batch * shape.inHeight * shape.inWidth, shape.inChannels),
    uniformGradient: uniformQuads(batch * shape.outHeight * shape.outWidth, shape.outChannels),
  };
  return {
    parts,
    plan: (places) =>
      runner.plan({
        kernel: filterGradientRegisters({ ...tile, accumulate: places.accumulate }),
        parameters: filterGradientParameters(shape, partRows, parts, places),
        constants: { lanes, inQuads, tapGroups },
        workgroups: [Math.ceil(perPart * parts * groups / 8)],
      }),
  };
}

/** Prepares the partial sums in tiles. */
function partsInTiles(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { kernelHeight, kernelWidth: tapColumns, stride, networks: { groups } } = shape;
  const taps = kernelHeight * tapColumns;
  const tiles = [shape.outChannels, shape.inChannels].map((n) => Math.ceil(quadsOf(n) / 16));
  const { partRows, parts } = cutRows(
    shape,
    tiles[0] * tiles[1] * taps * 128,
    MIN_INVOCATIONS.tiles,
  );
  return {
    parts,
    plan: (places) =>
      runner.plan({
        kernel: filterGradientTiles({
          tapColumns,
          stride,
          ...wholes,
          accumulate: places.accumulate,
        }),
        parameters: filterGradientParameters(shape, partRows, parts, places),
        workgroups: [tiles[0], tiles[1], groups * parts * taps],
      }),
  };
}

function filterGradientParameters(
  shape: ConvolutionShape,
  partRows: number,
  parts: number,
  { sumOrigin, sumGroup, sumPart, sumTap }: SumPlaces,
): UniformValues {
  return {
    parts,
    groupImages: imagesPerGroup(shape.batch, shape.networks),
    sumOrigin,
    sumGroup,
    sumPart,
    sumTap,
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
