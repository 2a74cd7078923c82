/**
 * The dispatch that packs the filters of all networks for the kernels of a correlation.
 *
 * @module
 */

import type { OpRunner, Range, TensorRange } from "../op_runner.ts";
import { quadsOf } from "../quads.ts";
import type { Correlation } from "./convolution_shape.ts";
import { PACK_FILTER } from "./pack_filter.wgsl.ts";

/** Maximum number of quads of output channels per block of the packed filter. */
export const BLOCK_QUADS = 16;

/** Packs filters of one shape. */
export interface FilterPacking {
  /** Quads per row of taps, quad of input channels and network. */
  readonly unit: number;
  /** Records the packing; the result is scratch memory of the runner. */
  pack(filter: TensorRange): Range;
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
  const { networks } = correlation.networks;
  const inQuads = quadsOf(inChannels);
  const blocks = Math.ceil(quadsOf(outChannels) / block);
  const unit = Math.ceil(4 * tapColumns * block / 16) * 16;
  const bytes = 16 * unit * networks * tapRows * inQuads * blocks;
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
      networks,
    },
    constants: { tapColumns, block },
    workgroups: [
      Math.ceil(blocks * block / 16),
      inQuads,
      networks * Math.max(1, tapRows * tapColumns),
    ],
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
