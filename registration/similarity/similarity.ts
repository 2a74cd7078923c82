/**
 * The protocol between a similarity measure and the deformable registration.
 *
 * 1. A {@link SimilarityKind} declares the similarity: its options and its default weights. `create` is
 *    called once per registration, with all options filled in, and returns a {@link Similarity}.
 * 2. `prepare` is called once per resolution level. It allocates all GPU resources of the level and
 *    returns the dispatches. When an allocation throws, `prepare` frees its earlier allocations.
 * 3. `begin`, if the similarity has it, is called once per level, before the first iteration.
 * 4. Each evaluation records all dispatches in their order. They read the trial displacements, write E to
 *    `scalars[0]` and the number of voxels that E is the mean of to `scalars[1]`, and overwrite
 *    `gradient` with dE/dk, one vec4 (x, y, z, 0) per control point. A smaller E is better. The
 *    regulariser and the folding penalty are added afterwards.
 * 5. `destroy` frees the resources of the level.
 *
 * A voxel of the moving image that is `NO_VALUE` (`kernels/gpu/no_value.ts`) lies outside the image. Such
 * a voxel, and a voxel outside a mask, must not contribute to E.
 *
 * @module
 */

import type { Complete } from "../../host/defaults.ts";
import type { Triple } from "../../volume/affine.ts";
import type { Columns, ControlGridGeometry } from "../../kernels/control_grid/control_grid.ts";
import type { Gpu, GpuBuffer } from "../../kernels/gpu/gpu.ts";
import type { GpuImage } from "../../kernels/gpu/image.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import type { Regulariser } from "../../kernels/regulariser/regulariser.ts";
import type { Prepared } from "../../kernels/gpu/prepared.ts";
import { completeOptions, type OptionDeclarations } from "../option_declarations.ts";

/** The images and buffers of a similarity at one resolution level. */
export interface SimilarityInputs {
  /** The control grid over the working grid. */
  readonly geometry: ControlGridGeometry;
  /** The fixed image on the working grid. */
  readonly fixed: GpuImage;
  /** 1 at valid voxels of the fixed image, 0 elsewhere; all voxels are valid when absent. */
  readonly fixedMask: GpuImage | undefined;
  /** The moving image, rigidly aligned, on the working grid with a margin; `NO_VALUE` outside the image. */
  readonly moving: GpuImage;
  /** 1 at valid voxels of the moving image, on its grid; all voxels are valid when absent. */
  readonly movingMask: GpuImage | undefined;
  /** Position of the working grid's voxel (0, 0, 0) in the moving image, voxels. */
  readonly origin: Triple;
  /** Voxels per mm along each axis. */
  readonly perVoxel: Triple;
  /** The trial displacements, mm along the grid's axes, one vec4 per control point. */
  readonly displacements: GpuBuffer;
  /**
   * The columns of the displacements, if the dispatches that are recorded earlier expand them. By default the
   * similarity expands them.
   */
  readonly columns?: Columns | undefined;
  /** Receives dE/dk, one vec4 per control point. */
  readonly gradient: GpuBuffer;
  /** Receives E as its first float and the number of valid voxels as its second. */
  readonly scalars: GpuBuffer;
}

/** The dispatches of a similarity at one resolution level. */
export interface PreparedSimilarity extends Prepared {
  /**
   * Is called once before the first iteration of a level, for values that depend on the start.
   *
   * @param start - The displacements at the start of the level, one vec4 per control point.
   */
  begin?(start: Float32Array): Promise<void>;
  /** Values that `begin` found, for the record. */
  readonly details?: Readonly<Record<string, number>> | undefined;
}

/** A dissimilarity E and its gradient by the displacements of the control points. */
export interface Similarity {
  /** The name in results. */
  readonly name: string;
  /** All parameters with their values, for the record. */
  readonly parameters: Readonly<Record<string, number | string>>;
  /**
   * GPU memory that {@link Similarity.prepare} allocates, bytes per voxel of the working grid, without that which
   * depends on the control grid (`controlGridScratchBytes()`).
   */
  readonly bytesPerVoxel: number;
  /**
   * Curvature of E by a uniform displacement, 1 / mm^2, as the preconditioner of the optimiser assumes it. Default 1e-4.
   */
  readonly curvature?: number | undefined;
  /**
   * With the preconditioner of the optimiser, a level ends after three successive steps that lower the cost by less than
   * this. Default 3e-5.
   */
  readonly tolerance?: number | undefined;
  /**
   * True if E needs patches around a voxel, so that it has no value in a mask of one slice. Thin masks grow then. Default
   * false.
   */
  readonly needsPatches?: boolean | undefined;
  /** Prepares value and gradient at one resolution level. */
  prepare(gpu: Gpu, inputs: SimilarityInputs): PreparedSimilarity;
}

/** The ranges of the images' intensities, divided into bins (section 3.2). */
export interface IntensityRanges {
  /** Bins over the fixed image's intensities. */
  readonly fixedRange: BinRange;
  /** Bins over the moving image's intensities. */
  readonly movingRange: BinRange;
}

/** A similarity in the list of similarities. {@link declareSimilarity} makes it. */
export interface SimilarityKind {
  /** The name, as in `--similarity`. */
  readonly name: string;
  /** One line of `--help`. */
  readonly description: string;
  /** The default weight lambda for each regulariser. */
  readonly lambda: Readonly<Record<Regulariser, number>>;
  /**
   * Maximum distance of the control points at the coarser levels, voxels. Default: as at the finest level.
   */
  readonly coarseStride?: number | undefined;
  /** The options: their defaults and checks, and the flags of `register`. */
  readonly options: OptionDeclarations;
  /**
   * A sentence for the reasons of a result that is not good, if these options suit only some pairs of images.
   * All options are filled in.
   */
  doubt?(options: Readonly<Record<string, unknown>>): string | undefined;
  /** Creates the similarity from all of its options. {@link createSimilarity} fills in the defaults. */
  create(setting: IntensityRanges & Readonly<Record<string, unknown>>): Similarity;
}

/** A {@link SimilarityKind} with the types of its options. */
export interface SimilarityDeclaration<O extends object>
  extends Omit<SimilarityKind, "options" | "create" | "doubt"> {
  /** One declaration for each option. */
  readonly options: OptionDeclarations<O>;
  /** See {@link SimilarityKind.doubt}. Default none. */
  readonly doubt?: ((options: Complete<O>) => string | undefined) | undefined;
  /** Creates the similarity from all of its options. */
  readonly create: (setting: IntensityRanges & Complete<O>) => Similarity;
}

/** A similarity for the list of similarities; its declaration is checked against the type of its options. */
export function declareSimilarity<O extends object>(
  declaration: SimilarityDeclaration<O>,
): SimilarityKind {
  return declaration as unknown as SimilarityKind;
}

/**
 * Creates a similarity from the options that are given.
 *
 * @throws {RangeError} when an option does not belong to the similarity or has a value that is not allowed.
 */
export function createSimilarity(
  kind: SimilarityKind,
  ranges: IntensityRanges,
  options: object = {},
): Similarity {
  return kind.create({ ...completeSimilarityOptions(kind, options), ...ranges });
}

/**
 * The options of a similarity with their defaults filled in.
 *
 * @throws {RangeError} when an option does not belong to the similarity or has a value that is not allowed.
 */
export function completeSimilarityOptions(
  kind: SimilarityKind,
  options: object,
): Readonly<Record<string, unknown>> {
  return completeOptions(`the similarity ${kind.name}`, kind.options, { ...options });
}
