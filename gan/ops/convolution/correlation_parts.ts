/**
 * Parts of a correlation whose filter fits uniform blocks: one part per dispatch.
 *
 * @module
 */

import { quadsOf, UNIFORM_BYTES } from "../quads.ts";
import { range } from "../range.ts";
import type { Correlation } from "./convolution_shape.ts";

/** Uniform bindings begin at multiples of this number of bytes. */
const ALIGNMENT = 256;
/** Maximum number of groups of rows of taps per dispatch; a kernel repeats its code for each group. */
const MAX_ROW_BLOCKS = 4;
/** Maximum number of uniform blocks of the filter per dispatch. WebGPU allows 12 with the parameters and the input. */
const MAX_BLOCKS = 10;

/** Positions of filter(ky, kx, c, n) in a uniform block, in quads. */
interface FilterSteps {
  /** Quad of the first tap. */
  readonly origin: number;
  /** Distance between neighbouring rows of taps. */
  readonly row: number;
  /** Distance between neighbouring columns of taps. */
  readonly column: number;
  /** Distance between neighbouring quads of input channels. */
  readonly inQuad: number;
  /** Distance between neighbouring quads of output channels. */
  readonly outQuad: number;
  /** Distance between neighbouring quads of a 4 x 4 block of the filter. */
  readonly channel: number;
  /** Distance between neighbouring networks. */
  readonly network: number;
}

/** A dispatch: the range of taps and channels whose products it adds, and the outputs to which it adds them. */
export interface CorrelationPart {
  /** First row of taps. */
  readonly tapFrom: number;
  /** Rows of taps per uniform block of the filter. */
  readonly rows: number;
  /** First quad of input channels. */
  readonly quadFrom: number;
  /** One past the last quad of input channels. */
  readonly quadTo: number;
  /** Number of quads of output channels. */
  readonly block: number;
  /** First quad of output channels. */
  readonly outQuadFrom: number;
  /** True if the output holds the sums of earlier parts. */
  readonly continued: boolean;
  /** Layout of the filter. */
  readonly filter: FilterSteps;
  /** First byte of the part's filter. */
  readonly offset: number;
}

/** Unpacked filters in uniform blocks that one dispatch binds. */
export interface FilterRanges {
  /** Rows of taps per block. */
  readonly rows: number;
  /** Columns of taps per block: all columns unless a row of taps is larger than a block. */
  readonly columns: number;
  /** True if a block begins with a whole row of the filter, false if it begins with its own first tap. */
  readonly isOfRows: boolean;
  /** Bytes per block. */
  readonly bytes: number;
  /** First byte of each block. */
  readonly offsets: readonly number[];
}

/** The minimum number of uniform blocks that hold the filters; undefined if they must be packed. */
export function filterRanges(correlation: Correlation): FilterRanges | undefined {
  const { tapRows, inChannels, outChannels } = correlation;
  if (inChannels % 4 !== 0 || outChannels % 4 !== 0 || tapRows === 0) return undefined;
  return rangesOfRows(correlation) ?? rangesOfColumns(correlation);
}

/** Blocks of whole rows of taps. */
function rangesOfRows(correlation: Correlation): FilterRanges | undefined {
  const { tapRows, tapColumns, networks: { networks }, filter } = correlation;
  const { width, perTap, firstRow, rowStep } = filter;
  const rowBytes = 4 * width * networks * perTap;
  for (let rows = tapRows; rows > 0; rows--) {
    const bytes = ((rows - 1) * Math.abs(rowStep) + 1) * rowBytes;
    const isPossible = tapRows % rows === 0 && tapRows / rows <= MAX_ROW_BLOCKS;
    if (!isPossible || bytes > UNIFORM_BYTES) continue;
    const offsets = range(tapRows / rows).map((at) => {
      const first = firstRow + rowStep * at * rows;
      return rowBytes * Math.min(first, first + rowStep * (rows - 1));
    });
    if (areAligned(offsets)) {
      return { rows, columns: tapColumns, isOfRows: true, bytes, offsets };
    }
  }
  return undefined;
}

/** Blocks of some taps of one row each. */
function rangesOfColumns(correlation: Correlation): FilterRanges | undefined {
  const { tapRows, tapColumns, networks: { networks }, filter } = correlation;
  const { width, perTap, firstRow, rowStep, firstColumn, columnStep } = filter;
  const tapBytes = 4 * networks * perTap;
  if (tapRows > MAX_ROW_BLOCKS) return undefined;
  for (let columns = tapColumns; columns > 0; columns--) {
    const bytes = ((columns - 1) * Math.abs(columnStep) + 1) * tapBytes;
    const isPossible = tapColumns % columns === 0 &&
      tapRows * tapColumns / columns <= MAX_BLOCKS;
    if (!isPossible || bytes > UNIFORM_BYTES) continue;
    const offsets = range(tapRows).flatMap((ky) =>
      range(tapColumns / columns).map((at) => {
        const first = firstColumn + columnStep * at * columns;
        const column = Math.min(first, first + columnStep * (columns - 1));
        return tapBytes * ((firstRow + rowStep * ky) * width + column);
      })
    );
    if (areAligned(offsets)) return { rows: 1, columns, isOfRows: false, bytes, offsets };
  }
  return undefined;
}

function areAligned(offsets: readonly number[]): boolean {
  return offsets.every((offset) => offset % ALIGNMENT === 0);
}

/** The single part of a correlation whose filter is not packed. */
export function rangesPart(
  correlation: Correlation,
  { rows, columns, isOfRows }: FilterRanges,
): CorrelationPart {
  const { width, perTap, rowStep, firstColumn, columnStep, channelStep } = correlation.filter;
  const { networks } = correlation.networks;
  const inQuads = quadsOf(correlation.inChannels);
  const outQuads = quadsOf(correlation.outChannels);
  const transposed = channelStep === 1;
  const column = networks * perTap / 4;
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
      // A block that is not of whole rows begins at its tap with the smallest column.
      origin: isOfRows
        ? firstColumn * column + Math.max(0, -row * (rows - 1))
        : Math.max(0, -columnStep * column * (columns - 1)),
      row,
      column: columnStep * column,
      inQuad: transposed ? 1 : 4 * outQuads,
      outQuad: transposed ? 4 * inQuads : 1,
      channel: transposed ? inQuads : outQuads,
      network: perTap / 4,
    },
    offset: 0,
  };
}

/**
 * Parts of a correlation whose filter is packed.
 *
 * @param block - Quads of output channels per block of the packed filter.
 * @param unit - Quads per row of taps, quad of input channels and network.
 */
export function packedParts(
  correlation: Correlation,
  block: number,
  unit: number,
): CorrelationPart[] {
  const { tapRows } = correlation;
  const inQuads = quadsOf(correlation.inChannels);
  const outQuads = quadsOf(correlation.outChannels);
  const units = unit * correlation.networks.networks;
  const maxUnits = Math.floor(UNIFORM_BYTES / 16 / units);
  const parts: CorrelationPart[] = [];
  for (let outQuadFrom = 0; outQuadFrom < outQuads; outQuadFrom += block) {
    const before = outQuadFrom / block * tapRows * inQuads;
    let done = 0;
    for (const { tapFrom, tapTo, quadFrom, quadTo } of cutUnits(tapRows, inQuads, maxUnits)) {
      parts.push({
        tapFrom,
        rows: tapTo - tapFrom,
        quadFrom,
        quadTo,
        block,
        outQuadFrom,
        continued: done > 0,
        filter: {
          origin: -quadFrom * units,
          row: units * (quadTo - quadFrom),
          column: 4 * block,
          inQuad: units,
          outQuad: 1,
          channel: block,
          network: unit,
        },
        offset: 16 * units * (before + done),
      });
      done += (tapTo - tapFrom) * (quadTo - quadFrom);
    }
  }
  return parts;
}

/** Cuts tapRows x inQuads units, in this order, into parts of at most `maxUnits` units. */
function cutUnits(tapRows: number, inQuads: number, maxUnits: number) {
  const rows = Math.max(1, Math.floor(maxUnits / inQuads));
  const quads = Math.ceil(inQuads / Math.ceil(inQuads / maxUnits));
  const parts = [];
  for (let tapFrom = 0; tapFrom < Math.max(1, tapRows); tapFrom += rows) {
    const tapTo = Math.min(tapRows, tapFrom + rows);
    for (let quadFrom = 0; quadFrom < inQuads; quadFrom += quads) {
      parts.push({ tapFrom, tapTo, quadFrom, quadTo: Math.min(inQuads, quadFrom + quads) });
    }
  }
  return parts;
}
