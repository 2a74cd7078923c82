/**
 * Dispatches of a correlation: the forward pass of a convolution, or one phase of its input gradient.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { UniformValues } from "../../../kernels/gpu/uniform_block.ts";
import { imagesPerGroup } from "../networks_of_images.ts";
import type { OpRunner, Plan, TensorRange } from "../op_runner.ts";
import { channelsPerQuad, quadsOf, UNIFORM_BYTES, uniformQuads } from "../quads.ts";
import { convolutionRegisters } from "./convolution_registers.wgsl.ts";
import type { Correlation } from "./convolution_shape.ts";
import { convolutionTiles } from "./convolution_tiles.wgsl.ts";
import {
  type CorrelationPart,
  filterRanges,
  packedParts,
  rangesPart,
} from "./correlation_parts.ts";
import { BLOCK_QUADS, filterPacking } from "./filter_packing.ts";

/** Records all dispatches of an operation. */
export type Steps = (input: TensorInfo, filter: TensorRange, output: TensorInfo) => void;

const wholeChannels = (correlation: Correlation) => ({
  inWhole: correlation.inChannels % 4 === 0,
  outWhole: correlation.outChannels % 4 === 0,
});

/**
 * Prepares a correlation with its sums in registers. The filter is bound unchanged if its rows of taps fit the uniform
 * blocks of one dispatch; otherwise it is packed, and each dispatch adds a part of the sums.
 */
export function stepsInRegisters(runner: OpRunner, correlation: Correlation): Steps {
  const ranges = filterRanges(correlation);
  if (ranges !== undefined) {
    const { bytes, offsets, rows, columns } = ranges;
    const rowBlocks = correlation.tapRows / rows;
    const [{ plan }] = plansInRegisters(runner, correlation, {
      parts: [rangesPart(correlation, ranges)],
      filterBytes: bytes,
      rowBlocks,
      columnBlocks: correlation.tapColumns / columns,
    });
    return (input, filter, output) =>
      runner.run(plan, [
        ...offsets.map((offset) => ({
          tensor: filter.tensor,
          offset: filter.offset + offset,
          bytes,
        })),
        input,
        output,
      ]);
  }
  const block = Math.min(BLOCK_QUADS, 2 ** Math.ceil(Math.log2(quadsOf(correlation.outChannels))));
  const packing = filterPacking(runner, correlation, block, UNIFORM_BYTES);
  const plans = plansInRegisters(runner, correlation, {
    parts: packedParts(correlation, block, packing.unit),
    filterBytes: UNIFORM_BYTES,
    rowBlocks: 1,
    columnBlocks: 1,
  });
  return (input, filter, output) => {
    const { buffer } = packing.pack(filter);
    for (const { plan, offset } of plans) {
      runner.run(plan, [{ buffer, offset, bytes: UNIFORM_BYTES }, input, output]);
    }
  };
}

/** Prepares a correlation that packs the filter and multiplies tiles in workgroup memory. */
export function stepsInTiles(runner: OpRunner, correlation: Correlation): Steps {
  const { tapColumns, stride, networks } = correlation;
  const packing = filterPacking(runner, correlation, BLOCK_QUADS, 0);
  const plan = runner.plan({
    kernel: convolutionTiles({ tapColumns, stride, ...wholeChannels(correlation) }),
    parameters: correlationParameters(correlation, packing.unit, 0, correlation.tapRows),
    workgroups: [
      Math.ceil(
        imagesPerGroup(correlation.batch, networks) * correlation.rows * correlation.columns / 64,
      ),
      Math.ceil(quadsOf(correlation.outChannels) / BLOCK_QUADS),
      networks.groups,
    ],
  });
  return (input, filter, output) => runner.run(plan, [packing.pack(filter), input, output]);
}

interface RegisterPlanOptions {
  readonly parts: readonly CorrelationPart[];
  /** Bytes per uniform block of the filter. */
  readonly filterBytes: number;
  /** Groups of rows of taps per dispatch. */
  readonly rowBlocks: number;
  /** Uniform blocks of the filter per group of rows of taps. */
  readonly columnBlocks: number;
}

/** One dispatch per part, and the first byte of its filter. */
function plansInRegisters(
  runner: OpRunner,
  correlation: Correlation,
  { parts, filterBytes, rowBlocks, columnBlocks }: RegisterPlanOptions,
): { plan: Plan; offset: number }[] {
  const { tapColumns, stride, batch, rows, columns, inHeight, inWidth } = correlation;
  const { block, filter } = parts[0];
  const pixels = evenSize(columns, stride === 1 ? 16 : 8);
  const outQuads = Math.min(4, block);
  const kernel = convolutionRegisters({
    tapColumns,
    stride,
    pixels,
    outQuads,
    ...wholeChannels(correlation),
    inPerQuad: channelsPerQuad(correlation.inChannels),
    outPerQuad: channelsPerQuad(correlation.outChannels),
    uniformInput: uniformQuads(batch * inHeight * inWidth, correlation.inChannels),
    filterQuads: filterBytes / 16,
    rowBlocks,
    columnBlocks,
    transposed: filter.outQuad > 1,
    inParts: parts.length > 1,
  });
  const lanes = Math.ceil(block / outQuads);
  const tiles = Math.ceil(columns / pixels);
  const groups = Math.ceil(lanes * tiles * batch * rows / 8);
  const groupRows = Math.ceil(groups / runner.gpu.device.limits.maxComputeWorkgroupsPerDimension);
  return parts.map((part) => ({
    plan: runner.plan({
      kernel,
      parameters: {
        ...correlationParameters(correlation, 0, part.tapFrom, part.rows),
        quadFrom: part.quadFrom,
        quadTo: part.quadTo,
        outQuadFrom: part.outQuadFrom,
        continued: part.continued,
        filterOrigin: part.filter.origin,
        filterRow: part.filter.row,
        filterColumn: part.filter.column,
        filterInQuad: part.filter.inQuad,
        filterOutQuad: part.filter.outQuad,
        filterChannel: part.filter.channel,
        filterNetwork: part.filter.network,
      },
      constants: { lanes, tiles },
      workgroups: [Math.ceil(groups / groupRows), groupRows],
    }),
    offset: part.offset,
  }));
}

/** Size of equal parts of `count`, each of at most `max`. */
function evenSize(count: number, max: number): number {
  return Math.ceil(count / Math.ceil(count / max));
}

/** Parameters of both kernels. */
function correlationParameters(
  correlation: Correlation,
  unit: number,
  tapFrom: number,
  rows: number,
): UniformValues {
  return {
    inHeight: correlation.inHeight,
    inWidth: correlation.inWidth,
    inChannels: correlation.inChannels,
    inQuads: quadsOf(correlation.inChannels),
    rows: correlation.rows,
    columns: correlation.columns,
    outChannels: correlation.outChannels,
    padTop: correlation.padTop,
    padLeft: correlation.padLeft,
    outHeight: correlation.outHeight,
    outWidth: correlation.outWidth,
    outStride: correlation.outStride,
    outY: correlation.outY,
    outX: correlation.outX,
    unit,
    batch: correlation.batch,
    tapFrom,
    tapTo: tapFrom + rows,
    firstNetwork: correlation.networks.first,
    networkStep: correlation.networks.step,
    groupImages: imagesPerGroup(correlation.batch, correlation.networks),
    networks: correlation.networks.networks,
  };
}
