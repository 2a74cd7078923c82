/**
 * The options, the progress and the result of the deformable registration on a control grid.
 *
 * @module
 */

import type { ControlGridInterpolation } from "../../kernels/control_grid/control_grid.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import type { Matrix4, Triple } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import type { DeformableStart } from "../deformable_defaults.ts";
import type {
  SimilarityChoice,
  SimilarityName,
  SimilarityOptions,
} from "../similarity/similarities.ts";
import type { ControlGrid } from "../transform.ts";

/**
 * Options of `registerDeformable`. Among the options of the similarities, only those of the chosen
 * similarity may be given.
 */
export interface DeformableOptions extends SimilarityOptions {
  /** The fixed image; the result is defined on its grid. */
  readonly fixed: Volume;
  /** The moving image, which is pulled onto the fixed one. */
  readonly moving: Volume;
  /** Fixed RAS mm to moving RAS mm, the result of the rigid registration. Default identity. */
  readonly initial?: Matrix4 | undefined;
  /** Valid voxels of the fixed image (non-zero), on its grid. Default all. */
  readonly fixedMask?: LabelVolume | undefined;
  /** Valid voxels of the moving image (non-zero), on its grid. Default all. */
  readonly movingMask?: LabelVolume | undefined;
  /**
   * The similarity. "automatic" (default) is "lncc-mind"; if too few voxels of a level have the neighbours that it
   * compares, in thin images or in small masks, it is "nmi+mind", and {@link DeformableResult.notices} say so. The
   * options of "automatic" are those of "lncc-mind"; a `lambda` that is given is one for "lncc-mind" and is refused where
   * "nmi+mind" would be used.
   */
  readonly similarity?: SimilarityChoice | undefined;
  /** The regulariser: bending energy (default), or the paper's total variation or squared L2 norm. */
  readonly regulariser?: Regulariser | undefined;
  /**
   * The interpolation between control points. Default "linear", as in the paper. "cubic" is a uniform cubic
   * B-spline; it has the regulariser "bending" only, and no `noFolding`. Its result is a linear control grid, too,
   * with three control points per control point of the spline along each axis.
   */
  readonly interpolation?: ControlGridInterpolation | undefined;
  /**
   * The regulariser's weight lambda, for displacements in mm and E averaged over the domain. The default
   * depends on the similarity.
   */
  readonly lambda?: number | undefined;
  /**
   * Control-point spacing at the finest level, mm, rounded to whole working voxels. It doubles from level to level, with
   * `lncc-mind` up to 8 voxels of the level. Default 20.
   */
  readonly spacing?: number | undefined;
  /** Number of resolution levels. Default: until voxels measure about 10 mm, at most 4. */
  readonly levels?: number | undefined;
  /** Maximum number of accepted steps per level. Default 100. */
  readonly iterations?: number | undefined;
  /**
   * The displacements with which the first level begins. "rigid": none. "discrete": those of a search among
   * displacements of up to 48 mm along each axis, which finds motions that a descent does not find. The search takes the
   * place of the coarsest level, unless that is the only one. "automatic" (default): "rigid"; if the coarsest level moves a
   * twentieth of the control points by more than 20 mm, there is a search, too, and it takes the place of this level if
   * the search from the fixed to the moving image and the search back agree.
   */
  readonly start?: DeformableStart | undefined;
  /**
   * Smallest working voxel, mm: of all axes, or of each axis of the fixed image. Default the fixed image's voxel.
   */
  readonly resolution?: number | Triple | undefined;
  /**
   * Keeps the map from folding: no voxel of the fixed image has a Jacobian determinant of 0 or less.
   * The registration takes a few percent longer. Default false.
   */
  readonly noFolding?: boolean | undefined;
  /**
   * The state that {@link DeformableOptions.onLevel} received in an earlier call with the same images and
   * options. Its levels are not repeated; the result is byte-identical to that of an uninterrupted call.
   */
  readonly resume?: LevelState | undefined;
  /** Is called after each level. The registration waits for it. */
  readonly onLevel?: ((state: LevelState) => void | Promise<void>) | undefined;
  /** Stops the registration between iterations. */
  readonly signal?: AbortSignal | undefined;
  /** Is called after every few iterations. */
  readonly onProgress?: ((progress: DeformableProgress) => void) | undefined;
}

/** The progress of a registration. */
export interface DeformableProgress {
  /** The current level, from 0 (coarsest). */
  readonly level: number;
  /** Number of levels. */
  readonly levels: number;
  /** Evaluations so far at this level. */
  readonly evaluations: number;
  /** Accepted steps so far at this level. */
  readonly iterations: number;
  /** Maximum number of accepted steps. */
  readonly maxIterations: number;
  /** The cost F at the current point. */
  readonly cost: number;
}

/** The record of one level. */
export interface DeformableLevel {
  /** Working voxels along each axis. */
  readonly size: Triple;
  /** Working voxel size, mm. */
  readonly voxel: Triple;
  /** Control-point spacing, mm. */
  readonly spacing: Triple;
  /** The cost F = E + lambda R, with the folding penalty, at the start of the level and after each accepted step. */
  readonly costs: readonly number[];
  /** The dissimilarity E at the end of the level. */
  readonly dissimilarity: number;
  /** lambda R, with the folding penalty, at the end of the level. */
  readonly penalty: number;
  /** Accepted steps. */
  readonly iterations: number;
  /** Evaluations of cost and gradient. */
  readonly evaluations: number;
  /** The reason why the optimisation ended. */
  readonly stopped: string;
  /** Values that the similarity found at the start of the level, such as s of eq. 7. */
  readonly similarity?: Readonly<Record<string, number>> | undefined;
  /** At the first level, if there was a search: the start of the level, and the agreement of the search. */
  readonly start?: LevelStart | undefined;
}

/** The start of the first level after a discrete search. */
export interface LevelStart {
  /** The start that was used. */
  readonly chosen: Exclude<DeformableStart, "automatic">;
  /**
   * The share of the displaced points whose displacements in the search and in the search back cancel to within a
   * quarter of a block, from 0 to 1; 0 if the search was not possible. "automatic" chooses "discrete" from 0.23 on.
   */
  readonly agreement: number;
  /** The reason why "automatic" could not search, if so. */
  readonly problem?: string | undefined;
}

/** The state of a registration after a level. */
export interface LevelState {
  /** The finished level, from 0 (coarsest). */
  readonly level: number;
  /** The similarity of the levels so far. Default: the one of the options. */
  readonly similarity?: SimilarityName | undefined;
  /** Displacements in mm along the working grid's axes, four values (x, y, z, 0) per control point. */
  readonly displacements: Float32Array;
  /** The records of the levels so far. */
  readonly records: readonly DeformableLevel[];
}

/** The result of `registerDeformable`. */
export interface DeformableResult {
  /** Displacements u: the fixed point x maps to the moving point initial(x + u(x)). */
  readonly controlGrid: ControlGrid;
  /** The records of the levels, coarse to fine. */
  readonly levels: readonly DeformableLevel[];
  /** Sentences for the user about what "automatic" chose, if it is not the usual. */
  readonly notices: readonly string[];
  /** All parameters with the values that were used. */
  readonly parameters: {
    /** The similarity's name. */
    readonly similarity: string;
    /** The regulariser's name. */
    readonly regulariser: Regulariser;
    /** The interpolation between control points. */
    readonly interpolation: ControlGridInterpolation;
    /** The start that was asked for. */
    readonly start: DeformableStart;
    /** The regulariser's weight. */
    readonly lambda: number;
    /** Requested control-point spacing at the finest level, mm. */
    readonly spacing: number;
    /** Number of levels, with one that the discrete search replaced. */
    readonly levels: number;
    /** Number of the coarsest levels that did not run because the discrete search took their place, 0 or 1. */
    readonly replacedLevels: number;
    /** Maximum number of accepted steps per level. */
    readonly iterations: number;
    /** Smallest working voxel, mm. */
    readonly resolution: number;
    /** True if the folding penalty was added. */
    readonly noFolding: boolean;
    /** The percentiles at the ends of the intensity ranges, as fractions. */
    readonly percentiles: readonly [number, number];
    /** The parameters of the similarity. */
    readonly [name: string]: unknown;
  };
}
