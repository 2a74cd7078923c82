/**
 * Normalised mutual information of binned images: E_NMI = -(H_A + H_B) / H_AB (section 3.2) and its
 * derivative with respect to every warped intensity.
 *
 * The joint counts are smoothed with the cubic B-spline window sampled at the bins along both axes, so
 * that the window of a voxel is piecewise linear in its intensity: the derivative is one look-up in a
 * table of slopes, exact for the value that is minimised. Zero probabilities are replaced by
 * 1 / (2 N_V) inside the logarithm.
 *
 * @module
 */

import { type ControlGridGeometry, controlGridSlabs } from "../control_grid/control_grid.ts";

import type { Gpu, GpuBuffer } from "../gpu/gpu.ts";
import { type GpuImage, planesOf, rowPitch } from "../gpu/image.ts";
import { prepareJointHistogram } from "./joint_histogram.ts";
import { NO_BIN } from "./joint_histogram.wgsl.ts";
import { NMI_RESIDUAL, NMI_TABLE } from "./nmi.wgsl.ts";
import { hasValue } from "../gpu/no_value.ts";
import { Owned } from "../gpu/owned.ts";
import type { Prepared } from "../gpu/prepared.ts";
import { flatWorkgroups } from "../gpu/workgroups.ts";

export { NMI_SCALARS } from "./nmi.wgsl.ts";

/** Options of {@link prepareNmi}. */
export interface NmiOptions {
  /** The control grid on the dense image, which determines the slabs. */
  readonly geometry: ControlGridGeometry;
  /** Bins along each axis; the paper uses 100. */
  readonly bins: number;
  /** The fixed image's bins, a byte per voxel. */
  readonly fixedBins: GpuBuffer;
  /** The warped moving image in bin units. */
  readonly warped: GpuImage;
  /** Receives dE/dI_m; I_m is in bin units. */
  readonly residual: GpuImage;
  /** Receives the scalars at the indices `NMI_SCALARS`, f32. */
  readonly scalars: GpuBuffer;
}

/** Prepares the value and the derivative of E_NMI. */
export function prepareNmi(gpu: Gpu, options: NmiOptions): Prepared {
  const { geometry, bins, fixedBins, warped, residual, scalars } = options;
  return Owned.build((owned) => {
    const tables = ["histogram", "joint", "derivative", "slopes"].map((label) =>
      owned.add(gpu.buffer(`NMI ${label}`, 4 * bins * bins))
    );
    const [histogram, joint, derivative, slopes] = tables;
    const counted = owned.add(
      prepareJointHistogram(gpu, { geometry, bins, fixedBins, warped, histogram }),
    );
    const table = owned.add(gpu.prepare(NMI_TABLE, {
      parameters: { bins },
      buffers: [histogram, joint, derivative, slopes, scalars],
      workgroups: [1],
    }));
    const rowBytes = rowPitch(geometry.image[0]) * geometry.image[1];
    const residuals = controlGridSlabs(gpu, geometry).map(({ begin, end }) => {
      const bytes = (end - begin) * rowBytes;
      const { workgroups, stride } = flatWorkgroups(bytes / 4);
      return owned.add(gpu.prepare(NMI_RESIDUAL, {
        parameters: { quads: bytes / 4, bins, stride },
        buffers: [
          { buffer: fixedBins, offset: begin * rowBytes, bytes },
          planesOf(warped, begin, end),
          slopes,
          planesOf(residual, begin, end),
        ],
        workgroups,
      }));
    });
    return {
      dispatches: [...counted.dispatches, table, ...residuals],
      destroy: () => owned.destroy(),
    };
  });
}

/** The result of {@link nmiReference}. */
export interface NmiReference {
  /** The dissimilarity E_NMI. */
  readonly dissimilarity: number;
  /** The number of voxels that count. */
  readonly voxels: number;
  /** dE/dI_m of each cell, at `fixed * bins + lower moving bin`. */
  readonly slopes: Float64Array;
}

/** The plain twin: value and slopes from the joint counts. */
export function nmiReference(histogram: Float64Array, bins: number): NmiReference {
  const voxels = histogram.reduce((sum, count) => sum + count, 0);
  const minProbability = 0.5 / Math.max(voxels, 1);
  const joint = smooth(histogram, bins).map((count) => count / Math.max(voxels, 1));
  const fixed = new Float64Array(bins);
  const moving = new Float64Array(bins);
  joint.forEach((p, cell) => {
    fixed[Math.floor(cell / bins)] += p;
    moving[cell % bins] += p;
  });
  const entropy = (probabilities: Float64Array) =>
    probabilities.reduce((h, p) => h - p * Math.log(Math.max(p, minProbability)), 0);
  const jointEntropy = Math.max(entropy(joint), 1e-6);
  const nmi = (entropy(fixed) + entropy(moving)) / jointEntropy;
  const slope = (p: number) => Math.log(Math.max(p, minProbability)) + (p > minProbability ? 1 : 0);
  const derivative = smooth(
    joint.map((p, cell) =>
      (slope(fixed[Math.floor(cell / bins)]) + slope(moving[cell % bins]) - nmi * slope(p)) /
      jointEntropy
    ),
    bins,
  );
  const slopes = derivative.map((value, cell) =>
    cell % bins === bins - 1 ? 0 : (derivative[cell + 1] - value) / Math.max(voxels, 1)
  );
  return { dissimilarity: -nmi, voxels, slopes };
}

/** The plain twin of the residual. */
export function nmiResidualReference(
  fixed: Uint8Array,
  warped: Float32Array,
  slopes: Float64Array,
  bins: number,
): Float64Array {
  return Float64Array.from(fixed, (bin, i) => {
    if (bin === NO_BIN || !hasValue(warped[i])) return 0;
    return slopes[bin * bins + Math.min(Math.floor(warped[i]), bins - 2)];
  });
}

/** Convolves a table with [1 4 1] / 6 along both axes; indices are clamped to the table. */
function smooth(table: Float64Array, bins: number): Float64Array {
  const clamp = (bin: number) => Math.min(Math.max(bin, 0), bins - 1);
  return table.map((_, cell) => {
    let sum = 0;
    for (let i = -1; i <= 1; i++) {
      for (let j = -1; j <= 1; j++) {
        const at = clamp(Math.floor(cell / bins) + i) * bins + clamp(cell % bins + j);
        sum += (i === 0 ? 4 : 1) * (j === 0 ? 4 : 1) / 36 * table[at];
      }
    }
    return sum;
  });
}
