/**
 * What a similarity measure is to the deformable registration.
 *
 * @module
 */

import type { Triple } from "../../volume/affine.ts";
import type { ControlGridGeometry } from "../../kernels/control_grid/control_grid.ts";

import type { Gpu, GpuBuffer } from "../../kernels/gpu/gpu.ts";
import type { GpuImage } from "../../kernels/gpu/image.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import type { Prepared } from "../../kernels/gpu/prepared.ts";

/** What a similarity works on at one resolution. */
export interface SimilarityInputs {
  /** The control grid over the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The fixed image on the working grid. */
  readonly fixed: GpuImage;
  /** 1 where the fixed image counts, 0 elsewhere; everywhere when absent. */
  readonly fixedMask: GpuImage | undefined;
  /** The moving image on the working grid with a margin, rigidly aligned; below -1e20 where it has no value. */
  readonly moving: GpuImage;
  /** 1 where the moving image counts, on its grid; everywhere when absent. */
  readonly movingMask: GpuImage | undefined;
  /** Where the working grid's voxel (0, 0, 0) lies in the moving image, voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** The trial displacements, mm along the grid's axes, one vec4 a control point. */
  readonly knots: GpuBuffer;
  /** Receives dE/dk. */
  readonly gradient: GpuBuffer;
  /** Receives E as its first float and the voxels counted as its second. */
  readonly scalars: GpuBuffer;
}

/** A similarity's dispatches at one resolution. */
export interface PreparedSimilarity extends Prepared {
  /**
   * Called once before the first iteration of a level, for what depends on where it starts.
   *
   * @param start - The control points' displacements there, one vec4 each.
   */
  begin?(start: Float32Array): Promise<void>;
  /** What was found there, for the record. */
  readonly details?: Readonly<Record<string, number>> | undefined;
}

/** A dissimilarity E and its gradient by the control points. */
export interface Similarity {
  /** Its name in results. */
  readonly name: string;
  /** Every parameter as used, for the record. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /** Bytes of GPU memory a voxel of the working grid that {@link Similarity.prepare} takes. */
  readonly bytesPerVoxel: number;
  /** Prepares value and gradient at one resolution. */
  prepare(gpu: Gpu, inputs: SimilarityInputs): PreparedSimilarity;
}

/** Parameters of the similarities; each takes what is its own. */
export interface SimilarityOptions {
  /** MIND: standard deviation of the patch weights G_sigma, voxels of the level (eq. 5). Default 0.5. */
  readonly sigma?: number | undefined;
  /** MIND: the neighbourhood N of eq. 6, six neighbours (default) or all 26. */
  readonly neighbourhood?: "six" | "dense" | undefined;
  /** NMI+MIND: the weight beta of NMI (eq. 7). Default 0.8. */
  readonly beta?: number | undefined;
  /**
   * NMI+MIND: the factor s of E_MIND (eq. 7), or how it is found where each level starts: from the
   * gradients' magnitudes (eq. 8, default) or from the changes so far (eq. 9).
   */
  readonly scaling?: number | "gradient" | "change" | undefined;
  /** Local correlation: standard deviation of the Gaussian window, mm. Default 10. */
  readonly window?: number | undefined;
  /** Local correlation: whether an inverted contrast is as good as the same. Default false. */
  readonly absolute?: boolean | undefined;
}

/** What a similarity is made from. */
export interface SimilaritySetting extends SimilarityOptions {
  /** Bins over the fixed image's intensities (section 3.2). */
  readonly fixedRange: BinRange;
  /** Bins over the moving image's intensities. */
  readonly movingRange: BinRange;
}

/** An entry of the list of similarities. */
export interface SimilarityKind {
  /** What it is, in one line of help. */
  readonly description: string;
  /** The default weight lambda of each regulariser beside it. */
  readonly lambda: Readonly<Record<Regulariser, number>>;
  /** Makes it. */
  create(setting: SimilaritySetting): Similarity;
}
