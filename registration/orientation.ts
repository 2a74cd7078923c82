/**
 * Mirrored and turned images: whether two images fit clearly better in another orientation than the headers say.
 *
 * @module
 */

import { type Matrix4, multiply, type Triple } from "../volume/affine.ts";
import type { LabelVolume, Volume } from "../volume/volume.ts";
import type { Gpu } from "../kernels/gpu/gpu.ts";
import { Owned } from "../kernels/gpu/owned.ts";
import { NoOverlapError } from "./errors.ts";
import { extentOf } from "./rigid/extent.ts";
import { prepareRigidLevels, type RigidImages, type RigidLevel } from "./rigid/levels.ts";
import { type RigidSchedule, rigidSchedule } from "./rigid/schedule.ts";
import { type StartPosition, startPositions } from "./rigid/start.ts";
import { type BestStart, tryStarts, type TryStartsOptions } from "./rigid/try_starts.ts";
import type { RigidParameters } from "./rigid/parameters.ts";
import { frameMatrix, refineLevel } from "./rigid/search.ts";

/** Another orientation of the moving image. */
export interface Orientation {
  /** The signs of the world's axes: right to left, back to front, feet to head. */
  readonly signs: Triple;
  /** The look of the moving image, as the end of a sentence. */
  readonly text: string;
}

/** The orientations with axes along those of the world, without the one of the headers. */
export const ORIENTATIONS: readonly Orientation[] = [
  { signs: [-1, 1, 1], text: "mirrored left to right" },
  { signs: [-1, -1, 1], text: "turned by 180 degrees about the axis from feet to head" },
  { signs: [1, -1, -1], text: "turned by 180 degrees about the axis from left to right" },
  { signs: [-1, 1, -1], text: "turned by 180 degrees about the axis from back to front" },
  { signs: [1, -1, 1], text: "mirrored front to back" },
  { signs: [1, 1, -1], text: "mirrored head to feet" },
  { signs: [-1, -1, -1], text: "mirrored along all three axes" },
];

/** Another orientation is clearly better if its mutual information is larger by this factor (docs/validation.md). */
export const CLEARLY_BETTER = 1.02;

/** With less mutual information, nats, no orientation means anything: noise has 0.05, MR and CT of a body have 0.8. */
const MIN_INFORMATION = 0.2;

/** Maximum number of children of each search at the coarsest level. */
const ITERATIONS = 100;
/** Maximum number of rounds of the refinement at the second level. */
const REFINEMENT_ROUNDS = 3;
/** An orientation with a smaller part of the leading information at the coarsest level is not refined. */
const BEHIND = 0.9;

/** Options of {@link orientationScores}. */
export interface OrientationOptions extends RigidImages {
  /** Stops the search between two batches of iterations. */
  readonly signal?: AbortSignal | undefined;
}

/** The scores of all orientations. */
export interface OrientationScores {
  /** Mutual information in the orientation of the headers, weighted with the overlap, nats. */
  readonly asFiled: number;
  /** The same in the other orientations, in the order of {@link ORIENTATIONS}; 0 for those that are far behind. */
  readonly others: readonly number[];
}

/**
 * Searches rigidly at the coarsest level in every orientation, from the centres of the boxes and of the masses.
 */
export async function orientationScores(
  gpu: Gpu,
  options: OrientationOptions,
): Promise<OrientationScores> {
  const plain = await scoresOf(gpu, options, [
    [1, 1, 1],
    ...ORIENTATIONS.filter(({ signs }) => isTurn(signs)).map(({ signs }) => signs),
  ]);
  // A mirrored orientation is a turn of the moving image that is mirrored left to right.
  const mirrored = await scoresOf(
    gpu,
    {
      ...options,
      moving: mirroredVolume(options.moving),
      movingMask: options.movingMask && mirroredVolume(options.movingMask),
    },
    ORIENTATIONS.filter(({ signs }) => !isTurn(signs)).map(({ signs: [x, y, z] }) => [-x, y, z]),
  );
  const [asFiled, ...turned] = plain;
  return {
    asFiled,
    others: ORIENTATIONS.map(({ signs }) => (isTurn(signs) ? turned : mirrored).shift()!),
  };
}

/** The orientation in which the images fit clearly better than as filed; undefined if there is none. */
export async function betterOrientation(
  gpu: Gpu,
  options: OrientationOptions,
): Promise<Orientation | undefined> {
  const { asFiled, others } = await orientationScores(gpu, options);
  const best = Math.max(...others);
  if (best < MIN_INFORMATION) return undefined;
  return best > CLEARLY_BETTER * asFiled ? ORIENTATIONS[others.indexOf(best)] : undefined;
}

function isTurn([x, y, z]: Triple): boolean {
  return x * y * z > 0;
}

function isAsFiled(signs: Triple): boolean {
  return signs.every((sign) => sign === 1);
}

/** The scores of turns about the world's axes: 0 without overlap, and for those that are far behind. */
async function scoresOf(
  gpu: Gpu,
  { fixed, moving, fixedMask, movingMask, signal }: OrientationOptions,
  turns: readonly Triple[],
): Promise<number[]> {
  const whole = rigidSchedule({
    preset: "robust",
    fixed: fixed.grid,
    moving: moving.grid,
    iterations: ITERATIONS,
  });
  const schedule: RigidSchedule = { ...whole, levels: [whole.levels[0], whole.levels[1]] };
  const owned = new Owned();
  try {
    const prepared = owned.add(
      await prepareRigidLevels(gpu, { fixed, moving, fixedMask, movingMask }, schedule),
    );
    const [coarse, finer] = prepared.levels;
    const starts = startPositions(
      "automatic",
      { grid: fixed.grid, statistics: prepared.fixed },
      { grid: moving.grid, statistics: prepared.moving },
    ).filter(({ name }) => name !== "world");
    const found: (BestStart | undefined)[] = [];
    for (const signs of turns) {
      const turned = starts.map(({ name, matrix }): StartPosition => {
        const centre = name === "geometric" ? fixed.grid.centre : prepared.fixed.centreOfMass;
        return { name, matrix: multiply(matrix, turnAbout(centre, signs)) };
      });
      const values = await coarse.metric.evaluateAll(
        turned.map(({ matrix }) => coarse.indexMatrix(matrix)),
      );
      const costs = values.map(({ cost }) => cost);
      found.push(
        await searchFrom(gpu, turned[costs.indexOf(Math.min(...costs))], {
          level: coarse,
          schedule,
          box: { centre: fixed.grid.centre, extent: extentOf(fixed.grid) },
          seed: 1,
          signal,
        }),
      );
    }
    const leading = Math.max(...found.map((best) => best === undefined ? 0 : -best.search.cost));
    const scores: number[] = [];
    for (const [i, best] of found.entries()) {
      // The orientation of the headers is always refined, since the others are compared with it.
      const isRefined = best !== undefined &&
        (isAsFiled(turns[i]) || -best.search.cost >= BEHIND * leading);
      scores.push(isRefined ? await refinedScore(gpu, finer, best, signal) : 0);
    }
    return scores;
  } finally {
    owned.destroy();
  }
}

/** The search from a start; undefined without overlap. */
async function searchFrom(
  gpu: Gpu,
  start: StartPosition,
  options: TryStartsOptions,
): Promise<BestStart | undefined> {
  try {
    return (await tryStarts(gpu, [start], options)).best;
  } catch (error) {
    if (error instanceof NoOverlapError) return undefined;
    throw error;
  }
}

/** The mutual information at a finer level, weighted with the overlap. */
async function refinedScore(
  gpu: Gpu,
  level: RigidLevel,
  { frame, search, minShare }: BestStart,
  signal: AbortSignal | undefined,
): Promise<number> {
  level.metric.setMinSamples(minShare * level.wholeSamples);
  const { parameters } = await refineLevel(gpu, {
    level,
    frame,
    parameters: search.parameters,
    rounds: REFINEMENT_ROUNDS,
    signal,
  });
  const matrix = frameMatrix(frame, parameters as unknown as RigidParameters);
  const { information, samples } = await level.metric.evaluate(level.indexMatrix(matrix));
  return information * samples / level.wholeSamples;
}

/** The turn with these signs of the axes that leaves a point where it is. */
function turnAbout(centre: Triple, [sx, sy, sz]: Triple): Matrix4 {
  const [x, y, z] = centre;
  // deno-fmt-ignore
  return [
    sx, 0, 0, x - sx * x,
    0, sy, 0, y - sy * y,
    0, 0, sz, z - sz * z,
    0, 0, 0, 1,
  ];
}

/** The volume on the same grid, reversed along the axis that lies nearest to left and right. */
export function mirroredVolume<T extends Volume | LabelVolume>(volume: T): T {
  const { size: [nx, ny, nz], affine } = volume.grid;
  const share = volume.grid.spacing.map((length, axis) => Math.abs(affine[axis]) / length);
  const axis = share.indexOf(Math.max(...share));
  const data = volume.data.slice();
  for (let z = 0, i = 0; z < nz; z++) {
    for (let y = 0; y < ny; y++) {
      for (let x = 0; x < nx; x++, i++) {
        const from = [x, y, z];
        from[axis] = volume.grid.size[axis] - 1 - from[axis];
        data[i] = volume.data[(from[2] * ny + from[1]) * nx + from[0]];
      }
    }
  }
  return { ...volume, data };
}
