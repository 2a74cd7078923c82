/**
 * The dispatch that packs a filter for the kernels of a correlation.
 *
 * @module
 */

import type { TensorInfo } from "@tensorflow/tfjs";
import type { OpRunner, Range } from "../op_runner.ts";
import { quadsOf } from "../quads.ts";
import type { Correlation } from "./convolution_shape.ts";
import { PACK_FILTER } from "./pack_filter.wgsl.ts";

/** Maximum number of quads of output channels per block of the packed filter. */
export const BLOCK_QUADS = 16;

/** Packs filters of one shape. */
export interface FilterPacking {
  /** Quads per row of taps and quad of input channels. */
  readonly unit: number;
  /** Records the packing; the result is scratch memory of the runner. */
  pack(filter: TensorInfo): Range;
}

/**
 * Prepares the packing.
 *
 * @param block - Quads of output channels per block.
 * @param spareBytes - Bytes after the packed filter, for bindings of a fixed size that begin anywhere in it.
 */
export function filterPacking(
  runner: OpRunner,
  correlation: Correlation,
  block: number,
  spareBytes: number,
): FilterPacking {
  const { inChannels, outChannels, tapRows, tapColumns, filter: layout } = correlation;
  const inQuads = quadsOf(inChannels);
  const blocks = Math.ceil(quadsOf(outChannels) / block);
  const unit = Math.ceil(4 * tapColumns * block / 16) * 16;
  const bytes = 16 * unit * tapRows * inQuads * blocks;
  const plan = runner.plan({
    kernel: PACK_FILTER,
    parameters: {
      inChannels,
      outChannels,
      inQuads,
      tapRows,
      unit,
      filterWidth: layout.width,
      perTap: layout.perTap,
      firstRow: layout.firstRow,
      rowStep: layout.rowStep,
      firstColumn: layout.firstColumn,
      columnStep: layout.columnStep,
      channelStep: layout.channelStep,
      outStep: layout.outStep,
    },
    constants: { tapColumns, block },
    workgroups: [Math.ceil(blocks * block / 16), inQuads, Math.max(1, tapRows * tapColumns)],
  });
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.UNIFORM;
  return {
    unit,
    pack: (filter) => {
      const buffer = runner.scratch("packed filter", bytes + spareBytes, usage);
      const packed = { buffer, offset: 0, bytes: Math.max(16, bytes) };
      if (tapRows > 0) runner.run(plan, [filter, packed]);
      return packed;
    },
  };
}
