/**
 * Local correlation of the channels of descriptors, E = 1 - the mean over windows and channels of cc, of a moving image
 * pulled through a control grid, and its exact derivative.
 *
 * The windows are blocks of voxels and their neighbours (`channel_window.ts`). An evaluation reads both descriptors
 * twice: for the sums of the blocks, and for the derivative, whose coefficients are equal in a whole block. All channels
 * are interpolated together, since they share their words.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import { createRowCells, prepareAdjointOfCells } from "../control_grid/adjoint.ts";
import {
  cellsOf,
  type Columns,
  type ControlGridGeometry,
  controlPoints,
  warpParameters,
} from "../control_grid/control_grid.ts";
import { preparePull, type Pull, type PulledPart } from "../control_grid/reached_windows.ts";
import type { BufferRange, Dispatch, DispatchOptions, Gpu, GpuBuffer, Kernel } from "../gpu/gpu.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import type { HaloSlab, Slab } from "../gpu/slabs.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";
import { VARIANCE_FLOOR } from "../local_correlation/local_correlation.wgsl.ts";
import {
  blockArea,
  blockParts,
  blockPlanes,
  blocksOf,
  momentItems,
  slopeItems,
} from "./channel_blocks.ts";
import { channelCorrelation, CORRELATED_TOGETHER, sumWindows } from "./channel_correlation.wgsl.ts";
import { channelMoments } from "./channel_moments.wgsl.ts";
import { channelResidual, MAX_RESIDUAL_ROWS } from "./channel_residual.wgsl.ts";
import { SMOOTH_BLOCKS, SMOOTHED_ALONG_X, SMOOTHED_ALONG_Y } from "./channel_smoothing.wgsl.ts";
import { channelWindow } from "./channel_window.ts";
import { type MindDescriptors, wordsOf } from "./descriptor.ts";
import { MIND_LAYOUTS, type MindNeighbourhood } from "./layout.ts";
import { pulledReference, type PulledReferenceOptions } from "./pulled_reference.ts";
import { MEAN_ENERGY } from "./residual.wgsl.ts";
import { isSampledRow, rowsPerSample, type SampledRows } from "./sampled_rows.ts";

/** Options of {@link prepareChannelCorrelation}. */
export interface ChannelCorrelationOptions {
  /** The control grid on the fixed image. */
  readonly geometry: ControlGridGeometry;
  /**
   * The columns of the displacements, mm, in slabs in which the descriptors can be bound. Their dispatches are
   * recorded before those of the correlation.
   */
  readonly columns: Columns;
  /** Descriptors of the fixed image. */
  readonly fixed: MindDescriptors;
  /** Descriptors of the moving image, on a grid parallel to the fixed one. */
  readonly moving: MindDescriptors;
  /** Standard deviation of the windows, voxels. */
  readonly sigma: number;
  /** The rows of a block that are compared. Default "all". */
  readonly sampled?: SampledRows | undefined;
  /** Position of the fixed image's voxel (0, 0, 0) in the moving image, in voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** Receives dE/dk, one vec4 per control point. */
  readonly gradient: GpuBuffer;
  /** Receives E and, approximately, the number of voxels that count. */
  readonly scalars: GpuBuffer;
}

/** Bytes per voxel of the sums of the blocks and of the windows. */
export function channelWindowBytes(neighbourhood: MindNeighbourhood, sigma: number): number {
  const items = momentItems(MIND_LAYOUTS[neighbourhood].channels.length);
  return 2 * 16 * items / channelWindow(sigma).width ** 3;
}

/** The arrays of the blocks of an image: one receives the moments, and the other the slopes in the end. */
interface BlockArrays {
  /** Blocks along x, y, z. */
  readonly blocks: Triple;
  /** vec4 from an item of a plane to the next. */
  readonly area: number;
  /** vec4 per block of the moments and of the slopes. */
  readonly items: { readonly moments: number; readonly slopes: number };
  /** The parts that are bound, and the planes around each. */
  readonly parts: readonly HaloSlab[];
  /** Planes of one of the two buffers, with the moments or the slopes in it. */
  readonly planes: (buffer: 0 | 1, items: number, range: Slab) => BufferRange;
}

function createBlockArrays(
  gpu: Gpu,
  { geometry, fixed, sigma }: ChannelCorrelationOptions,
  owned: Owned,
): BlockArrays {
  const channels = MIND_LAYOUTS[fixed.neighbourhood].channels.length;
  const blocks = blocksOf(geometry.image, channelWindow(sigma));
  const area = blockArea(gpu, blocks);
  const items = { moments: momentItems(channels), slopes: slopeItems(channels) };
  const pair = ["sums of blocks", "sums of windows"].map((label) =>
    owned.add(gpu.buffer(label, 16 * items.moments * area * blocks[2]))
  );
  return {
    blocks,
    area,
    items,
    parts: blockParts(gpu, blocks, channels),
    planes: (buffer, items, { begin, end }) =>
      blockPlanes(pair[buffer], { items, area, begin, end }),
  };
}

/** The windows of the blocks, their correlation and the sums of their costs, and the transpose of the windows. */
function prepareWindows(
  gpu: Gpu,
  { fixed: { neighbourhood, bits }, sigma }: ChannelCorrelationOptions,
  { arrays, costs, owned }: { arrays: BlockArrays; costs: GpuBuffer; owned: Owned },
): Dispatch[] {
  const { blocks, area, items, parts, planes } = arrays;
  const inPlane = blocks[0] * blocks[1];
  const { side } = channelWindow(sigma);
  /** Smooths along x and y, from the first buffer into the second. */
  const smooth = (items: number): Dispatch[] =>
    parts.map((part) => {
      const depth = items * (part.end - part.begin);
      const runs = Math.ceil(blocks[0] / SMOOTHED_ALONG_X) *
        Math.ceil(blocks[1] / SMOOTHED_ALONG_Y);
      const { workgroups, stride: invocations } = flatWorkgroups(depth * runs);
      return owned.add(gpu.prepare(SMOOTH_BLOCKS, {
        parameters: { blocks: blocks.slice(0, 2), area, planes: depth, side, invocations },
        buffers: [planes(0, items, part), planes(1, items, part)],
        workgroups,
      }));
    });
  const correlation = channelCorrelation(neighbourhood, bits);
  const sum = sumWindows(neighbourhood);
  const correlate = parts.flatMap((part) => {
    const { begin, end, from, to } = part;
    const runs = Math.ceil((end - begin) / CORRELATED_TOGETHER);
    const { workgroups, stride: invocations } = flatWorkgroups(inPlane * runs);
    return [
      owned.add(gpu.prepare(correlation, {
        parameters: {
          area,
          blocks: inPlane,
          bound: to - from,
          first: begin - from,
          planes: end - begin,
          side,
          invocations,
        },
        buffers: [
          planes(1, items.moments, { begin: from, end: to }),
          planes(0, items.slopes, part),
        ],
        workgroups,
      })),
      owned.add(gpu.prepare(sum, {
        parameters: { area, blocks: inPlane, firstPart: begin },
        buffers: [planes(0, items.slopes, part), costs],
        workgroups: [end - begin],
      })),
    ];
  });
  return [...smooth(items.moments), ...correlate, ...smooth(items.slopes)];
}

/** Prepares the local correlation of all channels and its gradient with respect to the control points. */
export function prepareChannelCorrelation(gpu: Gpu, options: ChannelCorrelationOptions): Prepared {
  const { geometry, columns: { slabs, buffers: columns }, fixed, moving, gradient, scalars } =
    options;
  const { sampled = "all" } = options;
  const { neighbourhood, bits, words } = fixed;
  const { width } = channelWindow(options.sigma);
  return Owned.build((owned) => {
    const arrays = createBlockArrays(gpu, options, owned);
    const { blocks, area, items, parts, planes } = arrays;
    const costs = owned.add(gpu.buffer("costs of the planes of windows", 8 * blocks[2]));
    const cells = owned.add(createRowCells(gpu, geometry, slabs));
    const rest = owned.add(
      prepareAdjointOfCells(gpu, { geometry, slabs, cells, sums: gradient }),
    );
    const pulled = { ...options, knots: options.columns.knots, bytesPerVoxel: 4 * words };
    const kernelOptions = {
      neighbourhood,
      bits,
      interpolation: geometry.interpolation,
      sampled,
    };
    const constants = { strideX: geometry.stride[0], width };
    /** The dispatches of a kernel that pulls the moving descriptors, for planes of a slab. */
    const pull = (
      index: number,
      { kernel, planes, unit, parameters, buffers, itemsPerPlane }: {
        kernel: (part: PulledPart) => Kernel;
        planes: Slab;
        unit?: number | undefined;
        parameters: (band: Slab) => Readonly<Record<string, number>>;
        buffers: DispatchOptions["buffers"];
        itemsPerPlane: number;
      },
    ): Dispatch[] => {
      const slab = slabs[index];
      const dispatch: Pull["dispatch"] = ({ band, window, accumulate }) => {
        const { workgroups, stride: invocations } = flatWorkgroups(
          itemsPerPlane * (band.end - band.begin),
        );
        return {
          parameters: {
            ...warpParameters(options, slab, window),
            ...parameters(band),
            blocks: blocks.slice(0, 2),
            area,
            invocations,
            accumulate,
          },
          buffers: [
            columns[index],
            wordsOf(fixed, slab.begin, slab.end),
            wordsOf(moving, window.begin, window.to),
            ...buffers,
          ],
          constants,
          workgroups,
        };
      };
      return preparePull(gpu, pulled, { kernel, planes, unit, dispatch }, owned);
    };
    const moments = ({ windowed }: PulledPart) => channelMoments({ ...kernelOptions, windowed });
    const sums = slabs.flatMap((slab, index) =>
      parts.flatMap((part) => {
        const firstBlock = Math.max(Math.floor(slab.begin / width), part.begin);
        const endBlock = Math.min(Math.ceil(slab.end / width), part.end);
        if (firstBlock >= endBlock) return [];
        return pull(index, {
          kernel: moments,
          planes: { begin: firstBlock, end: endBlock },
          unit: width,
          parameters: ({ begin, end }) => ({
            boundBlock: part.begin,
            firstBlock: begin,
            endBlock: end,
          }),
          buffers: [planes(0, items.moments, part)],
          itemsPerPlane: blocks[0] * blocks[1],
        });
      })
    );
    const rows = Math.min(width, MAX_RESIDUAL_ROWS);
    const residual = ({ windowed }: PulledPart) =>
      channelResidual({ ...kernelOptions, windowed, rows });
    const rowCells = cellsOf(geometry)[0] * blocks[1] * Math.ceil(width / rows);
    const derivative = slabs.flatMap((slab, index) => [
      ...parts.flatMap((part) => {
        const first = Math.max(slab.begin, part.begin * width);
        const end = Math.min(slab.end, part.end * width);
        if (first >= end) return [];
        return pull(index, {
          kernel: residual,
          planes: { begin: first, end },
          parameters: (band) => ({ boundBlock: part.begin, first: band.begin, end: band.end }),
          buffers: [planes(1, items.slopes, part), ...cells.buffers],
          itemsPerPlane: rowCells,
        });
      }),
      ...rest.ofSlab[index],
    ]);
    const mean = owned.add(gpu.prepare(MEAN_ENERGY, {
      parameters: {
        parts: blocks[2],
        controlPoints: controlPoints(geometry),
        perSample: rowsPerSample(sampled, width),
      },
      buffers: [costs, gradient, scalars],
      workgroups: [Math.ceil(controlPoints(geometry) / 64)],
    }));
    const dispatches = [
      ...sums,
      ...prepareWindows(gpu, options, { arrays, costs, owned }),
      ...derivative,
      mean,
    ];
    return { dispatches, destroy: () => owned.destroy() };
  });
}

/** Options of {@link channelCorrelationReference}. */
export interface ChannelCorrelationReferenceOptions extends PulledReferenceOptions {
  /** See {@link ChannelCorrelationOptions}. */
  readonly sigma: number;
  /** See {@link ChannelCorrelationOptions}. */
  readonly sampled?: SampledRows | undefined;
}

/**
 * The plain twin: E, the number of voxels that count, and the derivative of E with respect to every voxel's
 * displacement, per mm, window by window.
 */
export function channelCorrelationReference(
  options: ChannelCorrelationReferenceOptions,
): { value: number; weight: number; forces: [Float64Array, Float64Array, Float64Array] } {
  const { geometry: { image }, fixed, channels, sigma, sampled = "all" } = options;
  const [nx, ny] = image;
  const { width, side } = channelWindow(sigma);
  const voxels = pulledReference(options);
  const blocks = blocksOf(image, { width, side });
  const weightOf = (distance: number) => [1 - 2 * side, side][Math.abs(distance)] ?? 0;
  const inBlock = Array.from({ length: blocks[0] * blocks[1] * blocks[2] }, (): number[] => []);
  const blockAt = (b: readonly number[]) => (b[2] * blocks[1] + b[1]) * blocks[0] + b[0];
  voxels.forEach((found, voxel) => {
    const x = [voxel % nx, Math.floor(voxel / nx) % ny, Math.floor(voxel / (nx * ny))];
    const row = { y: x[1] % width, z: x[2] % width, width };
    if (!found || !isSampledRow(sampled, row)) return;
    inBlock[blockAt(x.map((v) => Math.floor(v / width)))].push(voxel);
  });
  const slopes = new Float64Array(voxels.length * channels);
  let sum = 0;
  let total = 0;
  inBlock.forEach((_, block) => {
    const centre = [
      block % blocks[0],
      Math.floor(block / blocks[0]) % blocks[1],
      Math.floor(block / (blocks[0] * blocks[1])),
    ];
    const inside: [number, number][] = []; // voxel, weight
    for (let other = 0; other < 27; other++) {
      const step = [other % 3 - 1, Math.floor(other / 3) % 3 - 1, Math.floor(other / 9) - 1];
      const at = centre.map((b, axis) => b + step[axis]);
      if (at.some((b, axis) => b < 0 || b >= blocks[axis])) continue;
      const weight = step.reduce((product, distance) => product * weightOf(distance), 1);
      inBlock[blockAt(at)].forEach((voxel) => inside.push([voxel, weight]));
    }
    const weight = inside.reduce((s, [, w]) => s + w, 0);
    if (weight <= 1e-6) return;
    total += weight;
    sum += weight;
    for (let c = 0; c < channels; c++) {
      const f = (voxel: number) => fixed[voxel * channels + c];
      const m = (voxel: number) => voxels[voxel]!.entries[c];
      const mean = (of: (voxel: number) => number) =>
        inside.reduce((s, [voxel, w]) => s + w * of(voxel), 0) / weight;
      const meanF = mean(f);
      const meanM = mean(m);
      const varianceF = mean((voxel) => (f(voxel) - meanF) ** 2) + VARIANCE_FLOOR;
      const varianceM = mean((voxel) => (m(voxel) - meanM) ** 2) + VARIANCE_FLOOR;
      const scale = 1 / Math.sqrt(varianceF * varianceM);
      const cc = mean((voxel) => (f(voxel) - meanF) * (m(voxel) - meanM)) * scale;
      sum -= weight * cc / channels;
      for (const [voxel, w] of inside) {
        const slope = scale * (f(voxel) - meanF) - cc / varianceM * (m(voxel) - meanM);
        slopes[voxel * channels + c] -= w * slope / channels;
      }
    }
  });
  const perWeight = 1 / Math.max(total, 1);
  const forces = [0, 1, 2].map((axis) =>
    Float64Array.from(voxels, (found, voxel) => {
      let force = 0;
      found?.slopes[axis].forEach((slope, c) => force += slope * slopes[voxel * channels + c]);
      return force * perWeight;
    })
  );
  return {
    value: sum * perWeight,
    weight: total * rowsPerSample(sampled, width),
    forces: forces as [Float64Array, Float64Array, Float64Array],
  };
}
