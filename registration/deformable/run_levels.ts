/**
 * The levels of a deformable registration by one similarity: the images on the GPU, the start, one level after the
 * other, and the record of each.
 *
 * @module
 */

import { timed } from "../../host/timeline.ts";
import { IDENTITY } from "../../volume/affine.ts";
import type { LabelVolume, Volume } from "../../volume/volume.ts";
import { controlGridScratchBytes } from "../../kernels/control_grid/adjoint.ts";
import {
  CONTROL_GRID_INTERPOLATIONS,
  controlGridGeometry,
  type ControlGridInterpolation,
  controlPoints,
} from "../../kernels/control_grid/control_grid.ts";
import { GpuMemoryError } from "../../kernels/gpu/errors.ts";
import type { Gpu } from "../../kernels/gpu/gpu.ts";
import { type GpuImage, imageBytes, uploadImage } from "../../kernels/gpu/image.ts";
import { Owned } from "../../kernels/gpu/owned.ts";
import type { BinRange } from "../../kernels/nmi/joint_histogram.ts";
import { checkRegulariser } from "../../kernels/regulariser/regulariser.ts";
import { DEFORMABLE_DEFAULTS, DEFORMABLE_STARTS } from "../deformable_defaults.ts";
import { NoOverlapError } from "../errors.ts";
import { intensityRange, RANGE_PERCENTILES } from "../intensity_range.ts";
import { maskVoxels } from "../mask_voxels.ts";
import { maskedUploadBytes, uploadMasked } from "../masked_image.ts";
import { requireSlices } from "../overlap.ts";
import { type ResolutionLevel, resolutionLevels } from "../resolution_levels.ts";
import {
  SIMILARITIES,
  type SimilarityName,
  similarityOptionsOf,
} from "../similarity/similarities.ts";
import { completeSimilarityOptions, type Similarity } from "../similarity/similarity.ts";
import type {
  DeformableLevel,
  DeformableOptions,
  DeformableResult,
  LevelStart,
  LevelState,
} from "./deformable_options.ts";
import {
  type InputImages,
  type LevelOptions,
  type LevelResult,
  MARGIN,
  optimiseLevel,
} from "./level.ts";
import {
  type LevelDisplacements,
  prolongDisplacements,
  toControlGrid,
} from "./level_displacements.ts";
import {
  type DiscreteStart,
  discreteStart,
  discreteStartBytes,
  displacementsFrom,
  isLargeMotion,
  isTrusted,
} from "./discrete_start.ts";
import { unfoldCells, unfoldVoxels } from "./no_folding.ts";

/** Bins over each image's intensities (section 3.2). */
export const NMI_BINS = 100;

/**
 * Runs all levels with one similarity; see `registerDeformable`, whose errors it throws.
 *
 * @param name - The similarity, in the place of that of the options.
 */
export async function runLevels(
  gpu: Gpu,
  name: SimilarityName,
  options: DeformableOptions,
): Promise<DeformableResult> {
  const { fixed, moving, signal } = options;
  const plan = planOf(name, options);
  requireSlices(moving.grid);
  const { kind, similarityOptions, regulariser, interpolation, lambda } = plan;
  const { iterations, noFolding, start } = plan;
  signal?.throwIfAborted();
  gpu.requireMemory(
    Math.max(
      2 * imageBytes(fixed.grid.size) + 2 * imageBytes(moving.grid.size),
      options.fixedMask === undefined ? 0 : maskedUploadBytes(fixed.grid.size),
      options.movingMask === undefined
        ? 0
        : 2 * imageBytes(fixed.grid.size) + maskedUploadBytes(moving.grid.size),
    ),
    "Registering these images",
    "Resample them to larger voxels.",
  );

  const owned = new Owned();
  try {
    const images = uploadInputs(gpu, options, owned);
    const [fixedRange, movingRange] = await Promise.all([
      binRange(gpu, images.fixed, images.fixedMask),
      binRange(gpu, images.moving, images.movingMask),
    ]);
    const similarity = kind.create({ ...similarityOptions, fixedRange, movingRange });
    requireMemory(gpu, plan.levels.at(-1)!, interpolation, similarity);
    const search = async () => {
      signal?.throwIfAborted();
      gpu.requireMemory(
        discreteStartBytes(fixed.grid, moving.grid),
        "The discrete search",
        'Choose the start "rigid" (--start rigid).',
      );
      return await timed("deformable: discrete search", () =>
        discreteStart(gpu, {
          images,
          fixedGrid: fixed.grid,
          movingGrid: moving.grid,
          initial: options.initial ?? IDENTITY,
          fixedRange,
          movingRange,
        }));
    };
    /** Runs a level, and returns its record. */
    const runLevel = async (
      levels: readonly ResolutionLevel[],
      index: number,
      from: LevelDisplacements,
    ): Promise<FinishedLevel> => {
      const level = levels[index];
      const { geometry, grid, displacements } = noFolding ? await unfoldCells(from) : from;
      const result = await timedLevel(index, gpu, {
        images,
        masks: { fixed: options.fixedMask, moving: options.movingMask },
        similarity,
        level,
        geometry,
        start: displacements,
        initial: options.initial ?? IDENTITY,
        regulariser,
        lambda,
        iterations,
        fixedGrid: fixed.grid,
        movingGrid: moving.grid,
        signal,
        noFolding,
        onProgress: (state) =>
          options.onProgress?.({
            // The levels keep their numbers if a search has replaced the coarsest one.
            level: index + plan.levels.length - levels.length,
            levels: plan.levels.length,
            evaluations: state.evaluations,
            iterations: state.iterations,
            maxIterations: iterations,
            cost: state.cost,
          }),
      });
      return {
        reached: { geometry, grid, displacements: result.displacements },
        record: recordOf(level, result),
      };
    };
    const runFirst = async (): Promise<FinishedLevel> => {
      const runFrom = async (found: DiscreteStart): Promise<FinishedLevel> => {
        const levels = levelsAfter("discrete", plan.levels);
        const first = startOf(undefined, levels[0], interpolation);
        const displacements = displacementsFrom(found, first.geometry, first.grid);
        const finished = await runLevel(levels, 0, { ...first, displacements });
        return withStart(finished, { chosen: "discrete", agreement: found.agreement });
      };
      if (start === "discrete") return await runFrom(await search());
      const finished = await runLevel(
        plan.levels,
        0,
        startOf(undefined, plan.levels[0], interpolation),
      );
      if (start === "rigid" || !isLargeMotion(finished.reached.displacements)) return finished;
      let found: DiscreteStart;
      try {
        found = await search();
      } catch (error) {
        if (!(error instanceof NoOverlapError || error instanceof GpuMemoryError)) throw error;
        const problem = error instanceof NoOverlapError
          ? "it has no block that is full enough in the images and masks"
          : "it does not fit into the memory";
        return withStart(finished, { chosen: "rigid", agreement: 0, problem });
      }
      signal?.throwIfAborted();
      if (isTrusted(found)) return await runFrom(found);
      return withStart(finished, { chosen: "rigid", agreement: found.agreement });
    };
    const { resume } = options;
    const records: DeformableLevel[] = [...resume?.records ?? []];
    const levelsOf = () => levelsAfter(records[0]?.start?.chosen, plan.levels);
    let reached = resumed(resume, levelsOf(), { interpolation, similarity: name });
    for (let index = records.length; index < levelsOf().length; index++) {
      const levels = levelsOf();
      const finished = index === 0
        ? await runFirst()
        : await runLevel(levels, index, startOf(reached, levels[index], interpolation));
      reached = finished.reached;
      records.push(finished.record);
      await options.onLevel?.({
        level: index,
        similarity: name,
        displacements: reached.displacements.slice(),
        records: [...records],
      });
    }
    if (noFolding) reached = await unfoldVoxels(gpu, reached!, fixed.grid);
    const levels = levelsOf();
    const problem = records[0].start?.problem;
    return {
      controlGrid: toControlGrid(reached!),
      levels: records,
      notices: problem === undefined ? [] : [
        `The coarsest level found a large motion, but a search for larger ones was not possible: ${problem}. ` +
        "The registration went on without it.",
      ],
      parameters: {
        similarity: similarity.name,
        regulariser,
        interpolation,
        start,
        lambda,
        spacing: plan.spacing,
        levels: plan.levels.length,
        replacedLevels: plan.levels.length - levels.length,
        iterations,
        resolution: Math.min(...levels.at(-1)!.grid.spacing),
        noFolding,
        percentiles: RANGE_PERCENTILES,
        ...similarity.parameters,
      },
    };
  } finally {
    owned.destroy();
  }
}

/** A level that was run. */
interface FinishedLevel {
  /** The displacements at its end. */
  readonly reached: LevelDisplacements;
  /** Its record. */
  readonly record: DeformableLevel;
}

function withStart({ reached, record }: FinishedLevel, start: LevelStart): FinishedLevel {
  return { reached, record: { ...record, start } };
}

/** The levels with a start: a search takes the place of the coarsest level, if there is another one. */
function levelsAfter(
  start: LevelStart["chosen"] | undefined,
  levels: readonly ResolutionLevel[],
): readonly ResolutionLevel[] {
  return start === "discrete" && levels.length > 1 ? levels.slice(1) : levels;
}

/** {@link optimiseLevel} with its time. */
function timedLevel(index: number, gpu: Gpu, options: LevelOptions): Promise<LevelResult> {
  return timed(`deformable: level ${index + 1}`, () => optimiseLevel(gpu, options));
}

/** The options, checked and with their defaults filled in. */
function planOf(similarity: SimilarityName, options: DeformableOptions) {
  const {
    regulariser = DEFORMABLE_DEFAULTS.regulariser,
    interpolation = DEFORMABLE_DEFAULTS.interpolation,
    spacing = DEFORMABLE_DEFAULTS.spacing,
    iterations = DEFORMABLE_DEFAULTS.iterations,
    noFolding = false,
    start = DEFORMABLE_DEFAULTS.start,
  } = options;
  if (!CONTROL_GRID_INTERPOLATIONS.includes(interpolation)) {
    throw new RangeError(
      `\`interpolation\` must be one of ${
        CONTROL_GRID_INTERPOLATIONS.join(", ")
      }, got ${interpolation}`,
    );
  }
  if (!DEFORMABLE_STARTS.includes(start)) {
    throw new RangeError(`\`start\` must be one of ${DEFORMABLE_STARTS.join(", ")}, got ${start}`);
  }
  checkRegulariser({ regulariser, interpolation });
  if (noFolding && interpolation !== "linear") {
    throw new RangeError(`\`noFolding\` needs \`interpolation\` "linear", got "${interpolation}"`);
  }
  const kind = SIMILARITIES[similarity];
  const similarityOptions = completeSimilarityOptions(kind, similarityOptionsOf(options));
  const lambda = options.lambda ?? kind.lambda[regulariser];
  if (!(lambda >= 0)) throw new RangeError(`\`lambda\` must be 0 or more, got ${lambda}`);
  const levels = resolutionLevels(options.fixed.grid, {
    levels: options.levels,
    spacing,
    resolution: options.resolution,
    coarseStride: kind.coarseStride,
  });
  return {
    levels,
    kind,
    similarityOptions,
    regulariser,
    interpolation,
    lambda,
    spacing,
    iterations,
    noFolding,
    start,
  };
}

/** The displacements at the start of a level: the coarser level's, or 0 at the first level. */
function startOf(
  coarse: LevelDisplacements | undefined,
  { grid, stride }: ResolutionLevel,
  interpolation: ControlGridInterpolation,
): LevelDisplacements {
  const geometry = controlGridGeometry(grid.size, stride, interpolation);
  const displacements = coarse === undefined
    ? new Float32Array(4 * controlPoints(geometry))
    : prolongDisplacements(coarse, geometry, grid);
  return { geometry, grid, displacements };
}

/** The displacements of an earlier call. */
function resumed(
  state: LevelState | undefined,
  levels: readonly ResolutionLevel[],
  { interpolation, similarity }: {
    readonly interpolation: ControlGridInterpolation;
    readonly similarity: SimilarityName;
  },
): LevelDisplacements | undefined {
  if (state === undefined) return undefined;
  const { displacements } = state;
  const level = levels[state.level];
  const geometry = level && controlGridGeometry(level.grid.size, level.stride, interpolation);
  if (
    geometry === undefined || displacements.length !== 4 * controlPoints(geometry) ||
    state.records.length !== state.level + 1 ||
    (state.similarity ?? similarity) !== similarity
  ) {
    throw new RangeError(
      "`resume` is not of a registration with these images and options; start without it",
    );
  }
  return { geometry, grid: level.grid, displacements };
}

function recordOf({ grid, stride }: ResolutionLevel, result: LevelResult): DeformableLevel {
  const { state, costs, details } = result;
  const [hx, hy, hz] = grid.spacing;
  const record: DeformableLevel = {
    size: grid.size,
    voxel: grid.spacing,
    spacing: [hx * stride[0], hy * stride[1], hz * stride[2]],
    costs: Array.from(costs),
    dissimilarity: state.dissimilarity,
    penalty: state.penalty,
    iterations: state.iterations,
    evaluations: state.evaluations,
    stopped: state.stopped,
  };
  // JSON has no undefined: a continued registration would differ from a whole one.
  return details === undefined ? record : { ...record, similarity: details };
}

function uploadInputs(gpu: Gpu, options: DeformableOptions, owned: Owned): InputImages {
  const upload = ({ grid, data }: Volume, labels: LabelVolume | undefined, name: string) => {
    if (labels === undefined) {
      return { image: owned.add(uploadImage(gpu, name, grid.size, data)), mask: undefined };
    }
    const mask = maskVoxels(labels, grid, `${name}Mask`);
    return {
      image: owned.add(uploadMasked(gpu, { grid, data, mask })),
      mask: owned.add(uploadImage(gpu, `${name} mask`, grid.size, mask)),
    };
  };
  const fixed = upload(options.fixed, options.fixedMask, "fixed");
  const moving = upload(options.moving, options.movingMask, "moving");
  return {
    fixed: fixed.image,
    moving: moving.image,
    fixedMask: fixed.mask,
    movingMask: moving.mask,
  };
}

async function binRange(
  gpu: Gpu,
  image: GpuImage,
  mask: GpuImage | undefined,
): Promise<BinRange> {
  const [low, high] = await intensityRange(gpu, image, mask);
  return { low, high, bins: NMI_BINS };
}

/** Vectors of control points that a level has: 21 of L-BFGS, 7 of its preconditioner, and those of the similarity. */
const VECTORS = 31;

/** Refuses a registration that does not fit, estimated from the finest level's buffers. */
function requireMemory(
  gpu: Gpu,
  finest: ResolutionLevel,
  interpolation: ControlGridInterpolation,
  similarity: Similarity,
): void {
  const h = finest.grid.spacing;
  const padded = finest.grid.size.map((n, axis) => n + 2 * Math.ceil(MARGIN / h[axis]));
  const geometry = controlGridGeometry(finest.grid.size, finest.stride, interpolation);
  const points = controlPoints(geometry);
  const voxels = padded[0] * padded[1] * padded[2];
  gpu.requireMemory(
    voxels * (2 * 4 + similarity.bytesPerVoxel) + 16 * VECTORS * points +
      controlGridScratchBytes(geometry),
    `Registering at ${finest.grid.size.join(" x ")} voxels`,
    "Choose a coarser resolution.",
  );
}
