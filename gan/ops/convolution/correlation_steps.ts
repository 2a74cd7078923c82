/**
 * The dispatches of a correlation: the forward pass of a convolution, or a phase of its input gradient.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { UniformValues } from "../../../kernels/gpu/uniform_block.ts";
import { convolutionRegisters } from "./convolution_registers.wgsl.ts";
import { type Correlation, quadsOf, UNIFORM_BYTES, uniformQuads } from "./convolution_shape.ts";
import { convolutionTiles } from "./convolution_tiles.wgsl.ts";
import type { OpRunner, Plan, Range } from "../op_runner.ts";
import { packFilter } from "./pack_filter.wgsl.ts";

/** Records what an operation is made of. */
export type Steps = (input: TensorInfo, filter: TensorInfo, output: TensorInfo) => void;

/** Uniform bindings begin at multiples of this, bytes. */
const ALIGNMENT = 256;
/** Quads of output channels of a block of the packed filter. */
const BLOCK = 16;
/** Uniform blocks of the filter in one dispatch: a kernel is written out for each. */
const MAX_BLOCKS = 4;

/** Where filter(ky, kx, c, n) is in a uniform block, in quads. */
interface FilterSteps {
  readonly origin: number;
  readonly row: number;
  readonly column: number;
  readonly inQuad: number;
  readonly outQuad: number;
  /** Between the quads of a 4 x 4 block of the filter. */
  readonly channel: number;
}

/** What one dispatch adds to the sums, and what it makes them for. */
interface Part {
  readonly tapFrom: number;
  /** Rows of taps in each uniform block of the filter. */
  readonly rows: number;
  readonly quadFrom: number;
  readonly quadTo: number;
  /** Quads of output channels, from outQuadFrom on. */
  readonly block: number;
  readonly outQuadFrom: number;
  /** Whether the output holds what other parts have summed. */
  readonly continued: boolean;
  readonly filter: FilterSteps;
  /** Where the part's filter begins, bytes. */
  readonly offset: number;
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);

const wholes = (job: Correlation) => ({
  inWhole: job.inChannels % 4 === 0,
  outWhole: job.outChannels % 4 === 0,
});

/** The filter comes as it is where each of its rows of taps fits a uniform block, and packed where not. */
export function stepsInRegisters(runner: OpRunner, job: Correlation): Steps {
  const ranges = filterRanges(job);
  if (ranges !== undefined) {
    const { bytes, offsets } = ranges;
    const [{ plan }] = plansInRegisters(
      runner,
      job,
      [rangesPart(job, ranges)],
      bytes,
      offsets.length,
    );
    return (input, filter, output) =>
      runner.run(plan, [
        ...offsets.map((offset) => ({ tensor: filter, offset, bytes })),
        input,
        output,
      ]);
  }
  const block = Math.min(BLOCK, 2 ** Math.ceil(Math.log2(quadsOf(job.outChannels))));
  const packing = packingOf(runner, job, block, UNIFORM_BYTES);
  const plans = plansInRegisters(runner, job, packedParts(job, block, packing), UNIFORM_BYTES, 1);
  return (input, filter, output) => {
    const { buffer } = packing.pack(filter);
    for (const { plan, offset } of plans) {
      runner.run(plan, [{ buffer, offset, bytes: UNIFORM_BYTES }, input, output]);
    }
  };
}

/** The filter as it is, in uniform blocks that one dispatch binds. */
interface FilterRanges {
  /** Rows of taps of each. */
  readonly rows: number;
  readonly bytes: number;
  /** Where each begins, bytes. */
  readonly offsets: readonly number[];
}

/** The fewest uniform blocks that hold the filter; nothing when it must be packed. */
function filterRanges(job: Correlation): FilterRanges | undefined {
  const { tapRows, filter: { width, perTap, firstRow, rowStep } } = job;
  const { inWhole, outWhole } = wholes(job);
  if (!inWhole || !outWhole || tapRows === 0) return undefined;
  const rowBytes = 4 * width * perTap;
  for (let rows = tapRows; rows > 0; rows--) {
    const bytes = ((rows - 1) * Math.abs(rowStep) + 1) * rowBytes;
    if (tapRows % rows !== 0 || tapRows / rows > MAX_BLOCKS || bytes > UNIFORM_BYTES) continue;
    const offsets = range(tapRows / rows).map((at) => {
      const first = firstRow + rowStep * at * rows;
      return rowBytes * Math.min(first, first + rowStep * (rows - 1));
    });
    if (offsets.every((offset) => offset % ALIGNMENT === 0)) return { rows, bytes, offsets };
  }
  return undefined;
}

/** All of the sum. */
function rangesPart(job: Correlation, { rows }: FilterRanges): Part {
  const { width, perTap, rowStep, firstColumn, columnStep, channelStep } = job.filter;
  const inQuads = quadsOf(job.inChannels);
  const outQuads = quadsOf(job.outChannels);
  const transposed = channelStep === 1;
  const column = perTap / 4;
  const row = width * column * rowStep;
  return {
    tapFrom: 0,
    rows,
    quadFrom: 0,
    quadTo: inQuads,
    block: outQuads,
    outQuadFrom: 0,
    continued: false,
    filter: {
      origin: firstColumn * column + Math.max(0, -row * (rows - 1)),
      row,
      column: columnStep * column,
      inQuad: transposed ? 1 : 4 * outQuads,
      outQuad: transposed ? 4 * inQuads : 1,
      channel: transposed ? inQuads : outQuads,
    },
    offset: 0,
  };
}

/** The packed filter, and how it is laid out. */
interface Packing {
  /** Quads that belong to one row of taps and one quad of input channels. */
  readonly unit: number;
  pack(filter: TensorInfo): Range;
}

/** @param spare - Bytes behind the packed filter, for bindings that begin anywhere in it. */
function packingOf(runner: OpRunner, job: Correlation, block: number, spare: number): Packing {
  const inQuads = quadsOf(job.inChannels);
  const blocks = Math.ceil(quadsOf(job.outChannels) / block);
  const unit = Math.ceil(4 * job.tapColumns * block / 16) * 16;
  const bytes = 16 * unit * job.tapRows * inQuads * blocks;
  const f = job.filter;
  const plan = runner.plan({
    kernel: packFilter,
    parameters: {
      inChannels: job.inChannels,
      outChannels: job.outChannels,
      inQuads,
      tapRows: job.tapRows,
      unit,
      filterWidth: f.width,
      perTap: f.perTap,
      firstRow: f.firstRow,
      rowStep: f.rowStep,
      firstColumn: f.firstColumn,
      columnStep: f.columnStep,
      channelStep: f.channelStep,
      outStep: f.outStep,
    },
    constants: { tapColumns: job.tapColumns, block },
    workgroups: [
      Math.ceil(blocks * block / 16),
      inQuads,
      Math.max(1, job.tapRows * job.tapColumns),
    ],
  });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM;
  return {
    unit,
    pack: (filter) => {
      const buffer = runner.scratch("packed filter", bytes + spare, usage);
      const packed = { buffer, offset: 0, bytes: Math.max(16, bytes) };
      if (job.tapRows > 0) runner.run(plan, [filter, packed]);
      return packed;
    },
  };
}

/** Parts of the packed filter that fit uniform blocks. */
function packedParts(job: Correlation, block: number, { unit }: Packing): Part[] {
  const inQuads = quadsOf(job.inChannels);
  const outQuads = quadsOf(job.outChannels);
  const limit = Math.floor(UNIFORM_BYTES / 16 / unit);
  const parts: Part[] = [];
  for (let outQuadFrom = 0; outQuadFrom < outQuads; outQuadFrom += block) {
    const before = outQuadFrom / block * job.tapRows * inQuads;
    let done = 0;
    for (const cut of cutUnits(job.tapRows, inQuads, limit)) {
      const { tapFrom, tapTo, quadFrom, quadTo } = cut;
      const row = unit * (quadTo - quadFrom);
      parts.push({
        tapFrom,
        rows: tapTo - tapFrom,
        quadFrom,
        quadTo,
        block,
        outQuadFrom,
        continued: done > 0,
        filter: {
          origin: -quadFrom * unit,
          row,
          column: 4 * block,
          inQuad: unit,
          outQuad: 1,
          channel: block,
        },
        offset: 16 * unit * (before + done),
      });
      done += (tapTo - tapFrom) * (quadTo - quadFrom);
    }
  }
  return parts;
}

/** Cuts tapRows x inQuads units, in that order, in parts of at most `limit` units. */
function cutUnits(tapRows: number, inQuads: number, limit: number) {
  const rows = Math.max(1, Math.floor(limit / inQuads));
  const quads = Math.ceil(inQuads / Math.ceil(inQuads / limit));
  const cut = [];
  for (let tapFrom = 0; tapFrom < Math.max(1, tapRows); tapFrom += rows) {
    const tapTo = Math.min(tapRows, tapFrom + rows);
    for (let quadFrom = 0; quadFrom < inQuads; quadFrom += quads) {
      cut.push({ tapFrom, tapTo, quadFrom, quadTo: Math.min(inQuads, quadFrom + quads) });
    }
  }
  return cut;
}

/** A dispatch for each part. */
function plansInRegisters(
  runner: OpRunner,
  job: Correlation,
  parts: Part[],
  filterBytes: number,
  filterBlocks: number,
): { plan: Plan; offset: number }[] {
  const { tapColumns, stride, batch, rows, columns } = job;
  const { block, filter } = parts[0];
  const pixels = evenly(columns, stride === 1 ? 16 : 8);
  const outQuads = Math.min(4, block);
  const kernel = convolutionRegisters({
    tapColumns,
    stride,
    pixels,
    outQuads,
    ...wholes(job),
    uniformInput: uniformQuads(batch * job.inHeight * job.inWidth, job.inChannels),
    filterQuads: filterBytes / 16,
    filterBlocks,
    transposed: filter.outQuad > 1,
  });
  const lanes = Math.ceil(block / outQuads);
  const tiles = Math.ceil(columns / pixels);
  const groups = Math.ceil(lanes * tiles * batch * rows / 8);
  const groupRows = Math.ceil(groups / runner.gpu.device.limits.maxComputeWorkgroupsPerDimension);
  return parts.map((part) => ({
    plan: runner.plan({
      kernel,
      parameters: {
        ...correlationParameters(job, 0, part.tapFrom, part.rows),
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
      },
      constants: { lanes, tiles },
      workgroups: [Math.ceil(groups / groupRows), groupRows],
    }),
    offset: part.offset,
  }));
}

/** The size of equal parts of `count`, each at most `most`. */
function evenly(count: number, most: number): number {
  return Math.ceil(count / Math.ceil(count / most));
}

/** Packs the filter and multiplies tiles of it in workgroup memory. */
export function stepsInTiles(runner: OpRunner, job: Correlation): Steps {
  const { tapColumns, stride } = job;
  const packing = packingOf(runner, job, BLOCK, 0);
  const plan = runner.plan({
    kernel: convolutionTiles({ tapColumns, stride, ...wholes(job) }),
    parameters: correlationParameters(job, packing.unit, 0, job.tapRows),
    workgroups: [
      Math.ceil(job.batch * job.rows * job.columns / 64),
      Math.ceil(quadsOf(job.outChannels) / BLOCK),
    ],
  });
  return (input, filter, output) => runner.run(plan, [packing.pack(filter), input, output]);
}

/** What both kernels are told. */
function correlationParameters(
  job: Correlation,
  unit: number,
  tapFrom: number,
  rows: number,
): UniformValues {
  return {
    inHeight: job.inHeight,
    inWidth: job.inWidth,
    inChannels: job.inChannels,
    inQuads: quadsOf(job.inChannels),
    rows: job.rows,
    columns: job.columns,
    outChannels: job.outChannels,
    padTop: job.padTop,
    padLeft: job.padLeft,
    outHeight: job.outHeight,
    outWidth: job.outWidth,
    outStride: job.outStride,
    outY: job.outY,
    outX: job.outX,
    unit,
    batch: job.batch,
    tapFrom,
    tapTo: tapFrom + rows,
  };
}
