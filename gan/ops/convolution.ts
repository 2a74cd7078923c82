/**
 * Convolution, its input gradient and its filter gradient on tfjs tensors.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import { i32, type Parameter, u32 } from "../../kernels/gpu.ts";
import { convolutionRegisters } from "./convolution_registers.wgsl.ts";
import {
  type ConvolutionShape,
  type Correlation,
  forwardCorrelation,
  inputGradientCorrelations,
} from "./convolution_shape.ts";
import { convolutionTiles } from "./convolution_tiles.wgsl.ts";
import { filterGradientRegisters } from "./filter_gradient_registers.wgsl.ts";
import { filterGradientTiles } from "./filter_gradient_tiles.wgsl.ts";
import type { OpRunner, Plan, Range } from "./op_runner.ts";
import { packFilter } from "./pack_filter.wgsl.ts";
import { sumParts } from "./sum_parts.wgsl.ts";

/**
 * How sums are held: "registers" of single invocations with the filter in uniform memory, which suits
 * software Vulkan, or "tiles" in workgroup memory, which suits graphics processors.
 */
export type ConvolutionVariant = "registers" | "tiles";

/** Bytes of a uniform block that every WebGPU device can bind. */
const UNIFORM_BYTES = 65536;
/** Uniform bindings begin at multiples of 256 bytes: 16 quads. */
const UNIFORM_QUADS = 16;
/** Quads of output channels of a block of the packed filter. */
const BLOCK = 16;

const quadsOf = (channels: number) => Math.ceil(channels / 4);

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
    () => correlationSteps(runner, variant, forwardCorrelation(shape)),
  );
  steps(input, filter, output);
  return output;
}

/** Records the gradient of a convolution by its input; also the transposed convolution. */
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
    () => inputGradientCorrelations(shape).map((phase) => correlationSteps(runner, variant, phase)),
  );
  for (const steps of phases) steps(gradient, filter, output);
  return output;
}

type Steps = (input: TensorInfo, filter: TensorInfo, output: TensorInfo) => void;

/** Packing the filter, then as many dispatches as the packed filter needs uniform blocks. */
function correlationSteps(
  runner: OpRunner,
  variant: ConvolutionVariant,
  job: Correlation,
): Steps {
  const inQuads = quadsOf(job.inChannels), outQuads = quadsOf(job.outChannels);
  const registers = variant === "registers";
  const block = registers ? Math.min(BLOCK, 2 ** Math.ceil(Math.log2(outQuads))) : BLOCK;
  const blocks = Math.ceil(outQuads / block);
  const unit = Math.ceil(4 * job.tapColumns * block / UNIFORM_QUADS) * UNIFORM_QUADS;
  const unitsABlock = job.tapRows * inQuads;
  const packedBytes = 16 * unit * unitsABlock * blocks;
  const bytes = packedBytes + (registers ? UNIFORM_BYTES : 0);
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM;
  const packed = (): Range => {
    const buffer = runner.scratch("packed filter", bytes, usage);
    return { buffer, offset: 0, bytes: Math.max(16, packedBytes) };
  };

  const f = job.filter;
  const packing = runner.plan({
    kernel: packFilter,
    parameters: [
      ...[job.inChannels, job.outChannels, inQuads, job.tapRows, unit, f.width, f.perTap].map(u32),
      ...[f.firstRow, f.rowStep, f.firstColumn, f.columnStep].map(i32),
      ...[f.channelStep, f.outStep].map(u32),
    ],
    constants: { tap_columns: job.tapColumns, block },
    workgroups: [
      Math.ceil(blocks * block / 16),
      inQuads,
      Math.max(1, job.tapRows * job.tapColumns),
    ],
  });

  const wholes = { inWhole: job.inChannels % 4 === 0, outWhole: job.outChannels % 4 === 0 };
  const { tapColumns, stride } = job;
  const layout = { unit, block };
  const all = { tapFrom: 0, tapTo: job.tapRows, quadFrom: 0, quadTo: inQuads };

  if (!registers) {
    const plan = runner.plan({
      kernel: convolutionTiles({ tapColumns, stride, ...wholes }),
      parameters: correlationParameters(job, {
        ...layout,
        ...all,
        outQuadFrom: 0,
        continued: false,
      }),
      workgroups: [Math.ceil(job.batch * job.rows * job.columns / 64), blocks],
    });
    return (input, filter, output) => {
      if (job.tapRows > 0) runner.run(packing, [filter, packed()]);
      runner.run(plan, [packed(), input, output]);
    };
  }

  const tile = { tapColumns, stride, ...registerTile(job, block), ...wholes };
  const kernel = convolutionRegisters(tile);
  const lanes = Math.ceil(block / tile.outQuads), tiles = Math.ceil(job.columns / tile.pixels);
  const groups = Math.ceil(lanes * tiles * job.batch * job.rows / 8);
  const groupRows = Math.ceil(groups / runner.gpu.device.limits.maxComputeWorkgroupsPerDimension);
  const plans: { plan: Plan; offset: number }[] = [];
  for (let b = 0; b < blocks; b++) {
    let done = 0;
    for (const part of parts(job.tapRows, inQuads, Math.floor(UNIFORM_BYTES / 16 / unit))) {
      const parameters = correlationParameters(job, {
        ...layout,
        ...part,
        outQuadFrom: b * block,
        continued: done > 0,
      });
      const plan = runner.plan({
        kernel,
        parameters,
        constants: { lanes, tiles },
        workgroups: [Math.ceil(groups / groupRows), groupRows],
      });
      plans.push({ plan, offset: 16 * unit * (b * unitsABlock + done) });
      done += (part.tapTo - part.tapFrom) * (part.quadTo - part.quadFrom);
    }
  }
  return (input, filter, output) => {
    const { buffer } = packed();
    if (job.tapRows > 0) runner.run(packing, [filter, packed()]);
    for (const { plan, offset } of plans) {
      runner.run(plan, [{ buffer, offset, bytes: UNIFORM_BYTES }, input, output]);
    }
  };
}

/** The part of a correlation's sum that one dispatch adds. */
interface Part {
  readonly tapFrom: number;
  readonly tapTo: number;
  readonly quadFrom: number;
  readonly quadTo: number;
}

/** Cuts tapRows x inQuads units, in that order, in parts of at most `limit` units. */
function parts(tapRows: number, inQuads: number, limit: number): Part[] {
  if (tapRows === 0) return [{ tapFrom: 0, tapTo: 0, quadFrom: 0, quadTo: inQuads }];
  const cut: Part[] = [];
  if (inQuads <= limit) {
    const step = Math.floor(limit / inQuads);
    for (let tapFrom = 0; tapFrom < tapRows; tapFrom += step) {
      cut.push({ tapFrom, tapTo: Math.min(tapRows, tapFrom + step), quadFrom: 0, quadTo: inQuads });
    }
    return cut;
  }
  const step = Math.ceil(inQuads / Math.ceil(inQuads / limit));
  for (let tapFrom = 0; tapFrom < tapRows; tapFrom++) {
    for (let quadFrom = 0; quadFrom < inQuads; quadFrom += step) {
      cut.push({
        tapFrom,
        tapTo: tapFrom + 1,
        quadFrom,
        quadTo: Math.min(inQuads, quadFrom + step),
      });
    }
  }
  return cut;
}

/** Neighbouring pixels and quads of output channels of an invocation: many, so that few loads serve them. */
function registerTile(job: Correlation, block: number): { pixels: number; outQuads: number } {
  // As many as divide the row evenly.
  const most = job.stride === 1 ? 16 : 8;
  return {
    pixels: Math.ceil(job.columns / Math.ceil(job.columns / most)),
    outQuads: Math.min(block, 4),
  };
}

function correlationParameters(
  job: Correlation,
  part: Part & { unit: number; block: number; outQuadFrom: number; continued: boolean },
): Parameter[] {
  return [
    i32(job.inHeight),
    i32(job.inWidth),
    u32(job.inChannels),
    u32(quadsOf(job.inChannels)),
    u32(job.rows),
    u32(job.columns),
    u32(job.outChannels),
    i32(job.padTop),
    i32(job.padLeft),
    ...[job.outHeight, job.outWidth, job.outStride, job.outY, job.outX, part.unit, job.batch],
    ...[part.tapFrom, part.tapTo, part.quadFrom, part.quadTo],
    ...[part.block, part.outQuadFrom, part.continued ? 1 : 0],
  ].map((value) => typeof value === "number" ? u32(value) : value);
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

/** The filter gradient's dispatch, and in how many parts it leaves the sums. */
interface PartialGradient {
  readonly plan: Plan;
  readonly parts: number;
}

function filterGradientSteps(
  runner: OpRunner,
  variant: ConvolutionVariant,
  shape: ConvolutionShape,
): Steps {
  const { inChannels, outChannels } = shape;
  const inQuads = quadsOf(inChannels), outQuads = quadsOf(outChannels);
  const taps = shape.kernelHeight * shape.kernelWidth;
  const wholes = { inWhole: inChannels % 4 === 0, outWhole: outChannels % 4 === 0 };
  const { plan, parts } = variant === "registers"
    ? registerFilterGradient(runner, shape, wholes)
    : tileFilterGradient(runner, shape, wholes);
  if (parts === 1 && wholes.inWhole && wholes.outWhole) {
    return (input, gradient, output) => runner.run(plan, [input, gradient, output]);
  }
  const adding = runner.plan({
    kernel: sumParts,
    parameters: [parts, inChannels, inQuads, outChannels, outQuads].map(u32),
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
const MOST_SUMS = 144;
/** Invocations of the filter gradient that keep a processor's cores, or a graphics processor, busy. */
const ENOUGH = { registers: 64, tiles: 128 * 512 };

/** Cuts the output's rows in parts so that there are `enough` invocations of `once` for one part. */
function cutRows(shape: ConvolutionShape, once: number, enough: number) {
  const lines = shape.batch * shape.outHeight;
  const partRows = Math.ceil(lines / Math.min(lines, Math.ceil(enough / once)));
  return { partRows, parts: Math.ceil(lines / partRows) };
}

function registerFilterGradient(
  runner: OpRunner,
  shape: ConvolutionShape,
  wholes: { inWhole: boolean; outWhole: boolean },
): PartialGradient {
  const { kernelHeight, kernelWidth: tapColumns, stride } = shape;
  const inQuads = quadsOf(shape.inChannels), allOutQuads = quadsOf(shape.outChannels);
  const outQuads = Math.min(4, allOutQuads);
  const mostRows = Math.max(1, Math.floor(MOST_SUMS / (4 * tapColumns * outQuads)));
  const tapGroups = Math.ceil(kernelHeight / mostRows);
  const tapRows = Math.ceil(kernelHeight / tapGroups);
  const lanes = Math.ceil(allOutQuads / outQuads);
  const once = lanes * inQuads * tapGroups;
  const { partRows, parts } = cutRows(shape, once, ENOUGH.registers);
  const plan = runner.plan({
    kernel: filterGradientRegisters({ tapColumns, stride, tapRows, outQuads, ...wholes }),
    parameters: filterGradientParameters(shape, partRows),
    constants: { lanes, in_quads: inQuads, tap_groups: tapGroups },
    workgroups: [Math.ceil(once * parts / 8)],
  });
  return { plan, parts };
}

function tileFilterGradient(
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

function filterGradientParameters(shape: ConvolutionShape, partRows: number): Parameter[] {
  const { inChannels, outChannels } = shape;
  return [
    u32(shape.batch),
    ...[i32(shape.inHeight), i32(shape.inWidth), u32(inChannels), u32(quadsOf(inChannels))],
    ...[shape.outHeight, shape.outWidth, outChannels, quadsOf(outChannels)].map(u32),
    ...[u32(shape.kernelHeight), i32(shape.padTop), i32(shape.padLeft), u32(partRows)],
  ];
}
